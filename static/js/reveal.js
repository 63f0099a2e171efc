// A link to something inside a closed disclosure opens it, also in browsers that leave it closed.
function reveal() {
  const target = document.querySelector(":target");
  const closed = target?.closest("details:not([open])");
  if (!closed) return;
  for (let one = closed; one; one = one.parentElement.closest("details:not([open])")) one.open = true;
  target.scrollIntoView();
}

addEventListener("hashchange", reveal);
reveal();
