// A page that was fetched ahead is looked at now: asked for once more (304), it is counted, and is right the next time.
const [visit] = performance.getEntriesByType("navigation");
if (visit?.deliveryType === "navigational-prefetch") fetch(location.href, { cache: "no-cache" });
