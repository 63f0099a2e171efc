// Runs before the first paint (a plain script in <head>), so that nothing flashes or moves:
// the reader's choice of light or dark and of text size, and the sign that scripts run.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  // word("…") says a script's text in the page's language; pages in English bring no list of words.
  const told = document.getElementById("script-words");
  const words = told ? JSON.parse(told.textContent) : {};
  window.word = (text) => words[text] ?? text;
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    const size = localStorage.getItem("text-size");
    if (size === "large" || size === "larger") root.dataset.textSize = size;
  } catch {
    // Storage is switched off: the system's choice it is.
  }
})();
