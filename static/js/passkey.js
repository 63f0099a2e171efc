// The passkey's button. Its scripts (allauth's) come once somebody turns to it, so that the sign-in page stays light.
// A passkey that was refused or canceled is said beside the button, once it has happened and not before.
const WORDS = word("That did not work: the passkey was not used, or this browser has none for this site. Try again, or choose another way.");

const button = document.querySelector("#passkey_login, #mfa_webauthn_authenticate, #mfa_webauthn_add, #mfa_webauthn_reauthenticate");
let scripts;

function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    Object.assign(script, { src: address, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

async function prepare() {
  for (const address of JSON.parse(document.querySelector("[data-passkey-scripts]").textContent)) await load(address);
  const told = document.querySelector("[data-allauth-onload]");
  const form = told.dataset.allauthOnload.split(".").pop();
  window.allauth.webauthn.forms[form](JSON.parse(told.textContent)); // from here on the button is allauth's
}

function prepareOnce() {
  scripts ??= prepare();
  return scripts;
}

function say() {
  document.querySelector("[data-passkey-error]")?.remove();
  const said = document.createElement("div");
  said.className = "alert alert-error";
  said.setAttribute("role", "alert");
  said.tabIndex = -1;
  said.dataset.passkeyError = "";
  const words = document.createElement("p");
  words.textContent = WORDS;
  said.append(words);
  button.before(said);
  said.focus();
}

async function firstPress(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  try {
    await prepareOnce();
  } catch {
    scripts = undefined; // did not arrive: the next press asks for them again
    say();
    return;
  }
  button.removeEventListener("click", firstPress, true);
  button.click();
}

button?.addEventListener("pointerenter", () => prepareOnce().catch(() => (scripts = undefined)), { once: true });
button?.addEventListener("click", firstPress, true);
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  if (button) say();
});
