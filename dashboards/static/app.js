"use strict";
// Draws the figures, sends a person's orders, posts a sign-in link. Nothing here is needed to read a page.

function styled(figure) {
  const css = getComputedStyle(document.documentElement);
  const text = css.getPropertyValue("--quiet").trim();
  const grid = css.getPropertyValue("--grid").trim();
  const layout = figure.layout;
  layout.font = { ...layout.font, color: text };
  for (const axis of ["xaxis", "yaxis"]) {
    layout[axis] = { ...layout[axis], gridcolor: grid, linecolor: grid };
  }
  const paper = css.getPropertyValue("--card").trim();
  layout.hoverlabel = { bgcolor: paper, bordercolor: grid, font: { color: css.getPropertyValue("--text").trim() } };
  return figure;
}

// On a dark page the lighter colours of the same palette are used.
const DARK = [["#0072b2", "#56b4e9"], ["rgba(0,114,178,", "rgba(86,180,233,"], ["#d55e00", "#f0954a"]];

function read(element) {
  let text = element.querySelector("script").textContent;
  if (matchMedia("(prefers-color-scheme: dark)").matches) {
    for (const [light, dark] of DARK) text = text.replaceAll(light, dark);
  }
  return JSON.parse(text);
}

function draw(element) {
  const figure = styled(read(element));
  const small = element.classList.contains("small");
  const config = {
    displaylogo: false,
    responsive: true,
    displayModeBar: small ? false : "hover",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    showTips: false,
  };
  Plotly.newPlot(element, figure.data, figure.layout, config).then(() => element.classList.add("drawn"));
}

function drawWhenSeen() {
  if (typeof Plotly === "undefined") return;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "300px" });
  for (const element of document.querySelectorAll(".figure")) seen.observe(element);
}

async function sendOrder(event) {
  event.preventDefault();
  const form = event.target;
  const buttons = form.querySelectorAll("button");
  const failed = form.querySelector(".failed");
  const named = new FormData(form, event.submitter);
  const order = Object.fromEntries([...named].filter(([, value]) => value !== ""));
  if (order.until) order.until = new Date(order.until).toJSON();
  if (order.into) order.into = order.into.trim().toUpperCase();
  if (order.series) order.series = named.getAll("series");
  if (order.score) order.score = Number(order.score);
  for (const button of buttons) button.disabled = true;
  failed.hidden = true;
  try {
    const answer = await fetch(event.submitter.dataset.act || form.dataset.act, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRF-Token": document.querySelector("meta[name=csrf]").content,
      },
      body: JSON.stringify(order),
    });
    if (answer.ok) {
      if (form.dataset.next) location.assign(form.dataset.next);
      else location.reload();
      return;
    }
    const problem = await answer.json().catch(() => ({}));
    failed.querySelector("span").textContent = problem.detail || answer.statusText;
  } catch (error) {
    failed.querySelector("span").textContent = error.message;
  }
  failed.hidden = false;
  for (const button of buttons) button.disabled = false;
}

document.addEventListener("DOMContentLoaded", () => {
  drawWhenSeen();
  for (const form of document.querySelectorAll("form[data-act]")) form.addEventListener("submit", sendOrder);
  for (const form of document.querySelectorAll("form[data-auto]")) form.submit();
});
