// The page of an import fetches itself while something is under way, and changes only what it says.
const place = () => document.querySelector("[data-progress]");

async function look() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const scrolled = document.querySelector(".results")?.scrollLeft;
      const fresh = page.querySelector("[data-progress]");
      if (fresh && !place().contains(document.activeElement)) place().replaceWith(fresh);
      document.querySelector(".results").scrollLeft = scrolled;
    }
  } finally {
    wait();
  }
}

function wait() {
  const seconds = place().dataset.lookAgain;
  if (seconds) setTimeout(look, seconds * 1000);
}

wait();
