// The points that Mozilla's HTTP Observatory gives to each page of a site on this machine.
// node score.mjs < {"host": …, "ports": {"80": …, "443": …}, "pages": [{name, path, cookie}]}  →  JSON on stdout
import fs from "node:fs";
import net from "node:net";
import { createRequire } from "node:module";
import path from "node:path";

const asked = JSON.parse(fs.readFileSync(0, "utf8"));

// The site's name leads to this machine, and the two ports to the two servers.
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const options = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (options?.host === asked.host) {
    options.port = asked.ports[options.port];
    options.host = "127.0.0.1";
  }
  return connect.apply(this, args);
};

const home = path.join(path.dirname(createRequire(import.meta.url).resolve("@mdn/mdn-http-observatory")), "..");
// Each page is judged twice: with nobody on the browsers' preload list, and with the site on it as its header asks for.
fs.writeFileSync(path.join(home, "conf/hsts-preload.json"), "{}");
const { hsts } = await import(path.join(home, "src/analyzer/hsts.js"));
const { retrieve } = await import(path.join(home, "src/retriever/retriever.js"));
const { ALL_TESTS } = await import(path.join(home, "src/constants.js"));
const { MINIMUM_SCORE_FOR_EXTRA_CREDIT } = await import(path.join(home, "src/grader/charts.js"));
const { getGradeForScore, getScoreModifier } = await import(path.join(home, "src/grader/grader.js"));

// What the list asks for (hstspreload.org): a year at least, subdomains, and the site's own wish.
function wanted(retrieved) {
  const said = retrieved.responses.auto?.headers["strict-transport-security"] ?? "";
  const [, seconds] = said.match(/^max-age=(\d+); includeSubDomains; preload$/) ?? [];
  return Number(seconds) >= 31536000;
}

function judged(retrieved) {
  const results = ALL_TESTS.map((test) => test(retrieved)).filter((one) => one.result);
  const points = results.map((one) => getScoreModifier(one.result));
  const lost = 100 + points.filter((n) => n < 0).reduce((a, b) => a + b, 0);
  const score = lost >= MINIMUM_SCORE_FOR_EXTRA_CREDIT ? 100 + points.reduce((a, b) => a + b, 0) : lost;
  return { score, results: Object.fromEntries(results.map((one, n) => [one.result, points[n]])) };
}

const found = [];
for (const page of asked.pages) {
  const headers = ["Accept: text/html,application/xhtml+xml"];
  if (page.cookie) headers.push(`Cookie: ${page.cookie}`);
  const retrieved = await retrieve(asked.host, { path: page.path, headers });
  hsts().clear();
  const { score, results } = judged(retrieved);
  if (wanted(retrieved)) hsts().set(asked.host, { mode: "force-https", includeSubDomains: true });
  found.push({
    name: page.name,
    status: retrieved.responses.auto?.status ?? null,
    score,
    preloaded: judged(retrieved).score,
    grade: getGradeForScore(score).grade,
    results,
  });
}
process.stdout.write(JSON.stringify(found));
