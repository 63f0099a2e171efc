// <time data-countdown datetime="…"> tells how long is left, and warns by data-state when it is little.
// The server's words stay when scripts don't run. Announced only when the state changes.
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function plural(count, unit) {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

function left(milliseconds) {
  const minutes = Math.max(0, Math.floor(milliseconds / MINUTE));
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return plural(minutes, "minute");
  const hours = minutes < 720 ? Math.floor(minutes / 60) : Math.round(minutes / 60);
  if (hours >= 72) return plural(Math.floor(hours / 24), "day"); // A rental of 48 hours is told in hours.
  const rest = minutes % 60;
  return rest && hours < 12 ? `${plural(hours, "hour")} ${plural(rest, "minute")}` : plural(hours, "hour");
}

function tick(element) {
  const remaining = new Date(element.dateTime) - Date.now();
  if (Number.isNaN(remaining)) return;
  element.textContent = remaining > 0 ? `${left(remaining)} left` : "ended";
  element.dataset.state = remaining <= 0 ? "ended" : remaining < HOUR ? "soon" : "running";
}

const countdowns = document.querySelectorAll("time[data-countdown]");
if (countdowns.length) {
  const tickAll = () => countdowns.forEach(tick);
  tickAll();
  setInterval(tickAll, MINUTE / 2);
}
