// Runs before the first paint (a plain script in <head>), so that nothing flashes or moves:
// the reader's choice of light or dark and of text size, and the sign that scripts run.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    const size = localStorage.getItem("text-size");
    if (size === "large" || size === "larger") root.dataset.textSize = size;
  } catch {
    // Storage is switched off: the system's choice it is.
  }
})();
