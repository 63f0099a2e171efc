// <time data-countdown datetime="…"> tells how long is left, and warns by data-state when it is little.
// The server's words stay when scripts don't run. Announced only when the state changes.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const MINUTES = [word("{n} minute"), word("{n} minutes")];
const HOURS = [word("{n} hour"), word("{n} hours")];
const DAYS = [word("{n} day left"), word("{n} days left")];

function plural(count, [one, many]) {
  return (count === 1 ? one : many).replace("{n}", count);
}

function still(time) {
  return word("{time} left").replace("{time}", time);
}

function left(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE));
  if (minutes < 1) return word("less than a minute left");
  if (minutes < 60) return still(plural(minutes, MINUTES));
  const hours = minutes < 720 ? Math.floor(minutes / 60) : Math.round(minutes / 60);
  if (hours >= 72) return plural(Math.floor(hours / 24), DAYS); // A rental of 48 hours is told in hours.
  const rest = minutes % 60;
  return still(rest && hours < 12 ? `${plural(hours, HOURS)} ${plural(rest, MINUTES)}` : plural(hours, HOURS));
}

function tick(element) {
  const remaining = new Date(element.dateTime) - Date.now();
  if (Number.isNaN(remaining)) return;
  element.textContent = remaining > 0 ? left(remaining) : word("ended");
  element.dataset.state = remaining <= 0 ? "ended" : remaining < HOUR ? "soon" : "running";
}

const countdowns = document.querySelectorAll("time[data-countdown]");
if (countdowns.length) {
  const tickAll = () => countdowns.forEach(tick);
  tickAll();
  setInterval(tickAll, MINUTE / 2);
}
