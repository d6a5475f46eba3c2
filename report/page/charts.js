// Draws every <div class="chart" data-chart="i"> from the page's data with uPlot, and its colours from the style sheet.
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("chart-data").textContent);
  const smoothing = document.getElementById("smoothing");
  const hues = ["#2f86e0", "#e07a00", "#12946b", "#c4408f", "#8a63d2", "#b8860b", "#d43f3a", "#3a9fb5", "#7a7f87"];
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const cards = Array.from(document.querySelectorAll("[data-chart]"));
  const plots = new Map();

  // A running mean that forgets, right from the first value on.
  function smooth(values, keep) {
    let sum = 0, weight = 0;
    return values.map((value) => {
      if (value === null) return null;
      sum = keep * sum + (1 - keep) * value;
      weight = keep * weight + (1 - keep);
      return sum / weight;
    });
  }

  function label(value) {
    return value == null ? "–" : String(+value.toPrecision(4));
  }

  function draw(card) {
    const chart = data[+card.dataset.chart];
    const log = card.querySelector("button").getAttribute("aria-pressed") === "true";
    // Smoothing is for noise: few points, and what a schedule sets, are shown as they are.
    const keep = chart.columns[0].length > 40 && chart.title !== "lr" ? +smoothing.value : 0;
    const series = [{ label: "step" }];
    const columns = [chart.columns[0]];
    chart.names.forEach((name, i) => {
      const values = chart.columns[i + 1].map((v) => (log && v !== null && v <= 0 ? null : v));
      const hue = hues[i % hues.length];
      if (keep > 0) {
        series.push({ label: "", stroke: hue + "38", width: 1, spanGaps: true, points: { show: false }, raw: true });
        columns.push(values);
      }
      series.push({
        label: name, stroke: hue, width: 1.6, spanGaps: true,
        points: { show: values.filter((v) => v !== null).length <= 40, size: 5 }, value: (u, v) => label(v),
      });
      columns.push(keep > 0 ? smooth(values, keep) : values);
    });
    const axis = { stroke: css("--soft"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 } };
    const space = card.querySelector(".plot");
    const old = plots.get(card);
    if (old) old.destroy();
    plots.set(card, new uPlot({
      width: space.clientWidth, height: card.classList.contains("large") ? 300 : 190,
      scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
      axes: [axis, Object.assign({ size: 58, values: (u, ticks) => ticks.map((v) => (v == null ? "" : label(v))) }, axis)],
      cursor: { sync: { key: "step" }, y: false },
      legend: { markers: { width: 2 } },
      series,
    }, columns, space));
    // The unsmoothed curves need no entry of their own in the legend.
    const entries = space.querySelectorAll(".u-legend .u-series");
    series.forEach((s, i) => { if (s.raw && entries[i]) entries[i].style.display = "none"; });
  }

  const draw_all = () => cards.forEach(draw);
  cards.forEach((card) => card.querySelector("button").addEventListener("click", (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    draw(card);
  }));
  smoothing.addEventListener("input", draw_all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw_all);
  let wait;
  addEventListener("resize", () => { clearTimeout(wait); wait = setTimeout(draw_all, 120); });
  draw_all();
})();
