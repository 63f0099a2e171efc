// A passkey that was refused or canceled is said beside its button, once it has happened and not before.
const WORDS = "That did not work: the passkey was not used, or this browser has none for this site. Try again, or choose another way.";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const button = document.querySelector("#passkey_login, #mfa_webauthn_authenticate, #mfa_webauthn_add, #mfa_webauthn_reauthenticate");
  if (!button) return;
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
});
