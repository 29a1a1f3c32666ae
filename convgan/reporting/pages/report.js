"use strict";

/* The film: it never plays by itself. */
function film(controls) {
  const figure = controls.parentElement;
  const frames = figure.querySelectorAll("img");
  const slider = figure.querySelector("input");
  const label = figure.querySelector("output");
  const play = figure.querySelector("[data-play]");
  let timer = 0;

  function show(index) {
    slider.value = index; // which keeps it between the first and the last
    frames.forEach((frame, at) => {
      frame.hidden = at !== Number(slider.value);
    });
    label.textContent = frames[slider.value].dataset.label;
    slider.setAttribute("aria-valuetext", label.textContent);
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  }
  function step(by) {
    stop();
    show(Number(slider.value) + by);
  }
  function start() {
    if (slider.value === slider.max) show(0);
    play.textContent = "Pause";
    timer = setInterval(() => {
      if (slider.value === slider.max) stop();
      else show(Number(slider.value) + 1);
    }, 500);
  }

  play.addEventListener("click", () => (timer ? stop() : start()));
  for (const button of figure.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => step(Number(button.dataset.step)));
  }
  slider.addEventListener("input", () => step(0));
  figure.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && event.target !== slider) step(by);
  });
  controls.hidden = false;
  show(slider.value);
}

/* The curves: one cursor across all plots, moved by pointer, touch or the slider's keys. */
function curves({ places, readings }) {
  const section = document.getElementById("curves");
  const cursor = section.querySelector(".cursor");
  const slider = cursor.querySelector("input");
  const label = cursor.querySelector("output");
  const outputs = section.querySelectorAll("[data-line]");

  function show(index) {
    const { x, epoch, step } = places[index];
    slider.value = index;
    section.style.setProperty("--x", `${x}%`);
    label.textContent = `epoch ${epoch}, step ${step}`;
    outputs.forEach((output, line) => {
      output.textContent = readings[line][index] ?? "–";
    });
    const texts = Array.from(outputs, (output) => output.parentElement.textContent.trim());
    slider.setAttribute("aria-valuetext", `${label.textContent}: ${texts.join(", ")}`);
  }
  function nearest(percent) {
    let best = 0;
    places.forEach(({ x }, index) => {
      if (Math.abs(x - percent) <= Math.abs(places[best].x - percent)) best = index;
    });
    return best;
  }

  for (const field of section.querySelectorAll(".field")) {
    const follow = (event) => {
      const { left, width } = field.getBoundingClientRect();
      show(nearest((100 * (event.clientX - left)) / width));
    };
    field.addEventListener("pointermove", follow);
    field.addEventListener("pointerdown", follow);
  }
  slider.addEventListener("input", () => show(Number(slider.value)));
  cursor.hidden = false;
  section.classList.add("live");
  show(places.length - 1);
}

const controls = document.querySelector(".controls");
if (controls) film(controls);
const log = document.getElementById("log");
if (log) curves(JSON.parse(log.textContent));
