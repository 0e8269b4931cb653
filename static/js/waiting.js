// How much waits for the person: title and icon say what the sidebar's badge says. The server wrote them like that; answers to polls renew the badge.

let said = prefix();

function prefix() {
  const badge = document.getElementById("side-inbox");
  return badge && !badge.hidden ? `(${badge.textContent}) ` : "";
}

function tell() {
  const now = prefix();
  const icon = document.querySelector("link[rel=icon]");
  const href = now ? icon.dataset.waiting : icon.dataset.calm;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  if (said === now) return;
  document.title = now + (document.title.startsWith(said) ? document.title.slice(said.length) : document.title);
  said = now;
}

document.addEventListener("htmx:afterSettle", tell);
