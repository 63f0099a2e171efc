// A page that came back with an error begins at the error: the reader hears it and Tab leads on from there.
document.querySelector("[data-focus-error]")?.focus();
