// <form data-autosave="address">: every answer is sent as soon as it is chosen, and the page says when it was saved.
// What could not be sent is kept and tried again, also when the connection comes back. Without this script the button
// “Save answers” does the same.
const form = document.querySelector("[data-autosave]");
const status = form?.querySelector("[data-autosave-status]");
const PATIENCE = [0, 2000, 5000, 15000, 30000];
let waiting = false;
let sending = false;
let failures = 0;

function say(words, link) {
  status.textContent = words;
  if (!link) return;
  const a = document.createElement("a");
  a.href = link.address;
  a.textContent = link.words;
  status.append(" ", a);
}

function remember(sent) {
  for (const [name, value] of sent) {
    if (!name.startsWith("q-")) continue;
    const shown = form.elements.namedItem(`shown-${name.slice(2)}`);
    if (shown) shown.value = value;
  }
}

async function send() {
  if (sending) return;
  sending = true;
  waiting = false;
  const data = new FormData(form);
  say(word("Saving …"));
  try {
    const answer = await fetch(form.dataset.autosave, { method: "POST", body: data, keepalive: true, credentials: "same-origin" });
    if (answer.ok) {
      failures = 0;
      remember(data);
      say(word("Saved at {time}.").replace("{time}", (await answer.json()).words));
    } else if (answer.status === 401 || answer.status === 409) {
      const told = await answer.json();
      const words = answer.status === 401 ? word("You are signed out; this answer is not saved yet.") : word("This test has been handed in.");
      say(words, { address: told.go_to, words: answer.status === 401 ? word("Sign in") : word("See the result") });
    } else if (answer.status < 500) {
      say(word("This answer could not be saved. Load the page again; the saved answers are kept."));
    } else throw new Error(answer.statusText);
  } catch {
    failures += 1;
    waiting = true;
    say(word("Not saved yet: no connection. It is tried again by itself."));
    setTimeout(again, PATIENCE[Math.min(failures, PATIENCE.length - 1)]);
  } finally {
    sending = false;
  }
  if (waiting && failures === 0) send();
}

function again() {
  if (waiting) send();
}

if (form) {
  form.addEventListener("change", (event) => {
    if (!event.target.name?.startsWith("q-")) return;
    waiting = true;
    send();
  });
  addEventListener("online", again);
}
