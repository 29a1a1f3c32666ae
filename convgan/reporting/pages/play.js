"use strict";
/* The play page: what a visitor does, given to the networks, and what they answer, shown. */
const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const percent = (part) => `${(100 * part).toFixed(part > 0.9995 || part < 0.0005 ? 0 : 1)} %`;
const networks = {};
for (const role of ["classifier", "generator", "discriminator"]) {
  if (data[role]) networks[role] = Engine.load(data[role].network);
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/* Values of a picture, from -1 (dark) to 1, or of one map, drawn pixel by pixel. */
function paint(canvas, [height, width], colour) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) image.data.set([...colour(pixel), 255], 4 * pixel);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const level = (value) => Math.round((value + 1) * 127.5);
function paintPicture(canvas, { shape, data: values }) {
  const channels = shape[2];
  const colour = (pixel) => [0, 1, 2].map((c) => level(values[pixel * channels + (channels === 3 ? c : 0)]));
  paint(canvas, shape, colour);
}

/* ---- the classifier ---- */

function classify(picture) {
  const { results, last } = Engine.run(networks.classifier, picture);
  const seen = [last.data];
  for (const name of data.classifier.views ?? [])
    for (const view of views[name])
      seen.push(Engine.run(networks.classifier, moved(picture, view)).last.data);
  const logits = Array.from(last.data, (_, k) =>
    seen.reduce((sum, each) => sum + each[k], 0) / seen.length);
  return { results, probabilities: Engine.softmax(logits, data.classifier.temperature) };
}

/* As in models/views.py: of which pixels of the picture a view's pixel is the mean. */
const neighbours = (step) => (row, column) =>
  [[row, column], [row + step, column], [row, column + step], [row + step, column + step]];
const views = {
  mirrored: [(row, column, width) => [[row, width - 1 - column]]],
  shifted: [neighbours(1), neighbours(-1)],
};
function moved({ shape, data: values }, view) {
  const [height, width, channels] = shape;
  const inside = (place, size) => Math.min(Math.max(place, 0), size - 1);
  const mean = (_, index) => {
    const channel = index % channels, pixel = (index - channel) / channels;
    const seen = view(Math.floor(pixel / width), pixel % width, width);
    const sum = seen.reduce((total, [row, column]) =>
      total + values[(inside(row, height) * width + inside(column, width)) * channels + channel], 0);
    return sum / seen.length;
  };
  return { shape, data: values.map(mean) };
}

function likeliest(probabilities) {
  const index = probabilities.indexOf(Math.max(...probabilities));
  return [data.classifier.classes[index], probabilities[index]];
}

/* A drawing, 0 to 1, as MNIST's digits were made: cut out, scaled to fit 20×20, its centre of mass in
   the middle of 28×28. In Python: convgan/data/digits.py. */
function asDigit(ink, width, height) {
  let top = height, bottom = -1, left = width, right = -1;
  ink.forEach((value, index) => {
    if (value <= 0.175) return;
    const row = Math.floor(index / width), column = index % width;
    top = Math.min(top, row); bottom = Math.max(bottom, row);
    left = Math.min(left, column); right = Math.max(right, column);
  });
  const picture = new Float32Array(28 * 28);
  if (bottom < 0) return picture;
  const scale = 20 / Math.max(bottom - top + 1, right - left + 1);
  const rows = Math.max(1, Math.round((bottom - top + 1) * scale));
  const columns = Math.max(1, Math.round((right - left + 1) * scale));
  const small = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [firstRow, lastRow] = [row, row + 1].map((at) => Math.round(top + (at * (bottom - top + 1)) / rows));
      const [first, last] = [column, column + 1].map((at) => Math.round(left + (at * (right - left + 1)) / columns));
      let sum = 0;
      for (let y = firstRow; y < lastRow; y++) for (let x = first; x < last; x++) sum += ink[y * width + x];
      small[row * columns + column] = sum / ((lastRow - firstRow) * (last - first));
    }
  }
  const dark = Array.from(small.filter((value) => value > 0)).sort((a, b) => a - b);
  const brightest = dark[Math.floor(0.9 * (dark.length - 1))];
  let mass = 0, middleRow = 0, middleColumn = 0;
  small.forEach((value, index) => {
    small[index] = Math.min(1, value / brightest);
    mass += small[index];
    middleRow += small[index] * Math.floor(index / columns);
    middleColumn += small[index] * (index % columns);
  });
  const down = Math.round(13.5 - middleRow / mass), across = Math.round(13.5 - middleColumn / mass);
  small.forEach((value, index) => {
    const row = Math.floor(index / columns) + down, column = (index % columns) + across;
    if (row >= 0 && row < 28 && column >= 0 && column < 28) picture[row * 28 + column] = value;
  });
  return picture;
}

/* What the pad shows, as the classifier is to be given it. */
function prepared() {
  const pad = find("pad"), [height, width, channels] = data.classifier.shape;
  if (data.classifier.digits) {
    const pixels = pad.getContext("2d").getImageData(0, 0, pad.width, pad.height).data;
    const ink = Float32Array.from({ length: pad.width * pad.height }, (_, index) => pixels[4 * index] / 255);
    const levels = asDigit(ink, pad.width, pad.height).map((value) => Math.round(255 * value) / 127.5 - 1);
    return { shape: [28, 28, 1], data: levels };
  }
  const small = make("canvas", { width, height }).getContext("2d");
  small.imageSmoothingQuality = "high";
  small.drawImage(pad, 0, 0, width, height);
  const pixels = small.getImageData(0, 0, width, height).data;
  const values = Float32Array.from({ length: width * height * channels }, (_, index) => {
    const at = 4 * Math.floor(index / channels);
    const grey = 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
    return (channels === 1 ? grey : pixels[at + (index % channels)]) / 127.5 - 1;
  });
  return { shape: [height, width, channels], data: values };
}

/* Which pixels of the picture one spot of each operation's maps looks at: those of the first spot
   begin at `start`, there are `size` on an axis, and the next spot's begin `jump` later. */
function receptiveFields(network) {
  const fields = { [network.inputs[0]]: { start: 0, jump: 1, size: 1, side: data.classifier.shape[0] } };
  for (const { op, name, inputs, shape, strides, padding, pool_size: pool, weights } of network.operations) {
    const all = inputs.map((input) => fields[input]).filter(Boolean);
    if (!all.length) continue;
    const field = { ...all.reduce((one, other) => (other.size > one.size ? other : one)) };
    const [kernel, step] = op === "Conv2D" ? [weights[0].shape[0], strides[0]] : pool ?? [1, 1];
    const before = op === "ZeroPadding2D" ? padding[0][0] : Engine.paddingBefore(padding, shape[0], field.side, kernel, step);
    fields[name] = {
      start: field.start - before * field.jump, size: field.size + (kernel - 1) * field.jump,
      jump: field.jump * step, side: shape[0],
    };
  }
  return fields;
}

function layerWords(operation, before) {
  const { op, activation, pool_size: pool, strides, shape, weights } = operation;
  const kind = op.includes("Max") ? "maximum" : "average";
  const sizes = `${before[1]}×${before[0]} → ${shape[1]}×${shape[0]}, ${shape[2]} maps`;
  if (op === "Conv2D") {
    const [rows, columns] = weights[0].shape;
    return `Convolution ${columns}×${rows}, stride ${strides[0]}: ${sizes}`;
  }
  if (pool) return `The ${kind} of each ${pool.join("×")} pixels: ${sizes}`;
  if (op.startsWith("Global")) return `The ${kind} of each map: ${shape[0]} numbers`;
  if (op === "Dense") return `Each number a sum of all before: ${shape[0]} numbers`;
  if (op === "LeakyReLU") return "leaky relu, value by value";
  if (activation === "relu") return "ReLU: what is below zero becomes zero";
  return `${activation}, value by value`;
}

const shownOperations = () => networks.classifier.operations.filter(({ op, activation }) =>
  /^(Conv2D|Dense|LeakyReLU|.*Pooling2D)$/.test(op) || (op === "Activation" && activation !== "linear"));

function buildLayers() {
  const shapes = { [networks.classifier.inputs[0]]: data.classifier.shape };
  for (const { name, shape } of networks.classifier.operations) shapes[name] = shape;
  const fields = receptiveFields(networks.classifier);
  for (const operation of shownOperations()) {
    const maps = make("div", { class: "maps" });
    const isMap = operation.shape.length === 3;
    for (let index = 0; index < (isMap ? Math.min(16, operation.shape[2]) : 1); index++) {
      const canvas = make("canvas", { role: "img", class: isMap ? "" : "vector", "aria-label": `Map ${index + 1}` });
      if (isMap) watch(canvas, operation.shape, fields[operation.name]);
      maps.append(canvas);
    }
    const words = layerWords(operation, shapes[operation.inputs[0]]);
    const part = make("div", { class: "layer" }, make("p", { class: "quiet" }, words), maps);
    part.operation = operation;
    find("layers").append(part);
  }
}

/* While the pointer is over a spot of a map: a frame around the pixels that it looked at. */
function watch(canvas, [height, width], { start, jump, size }) {
  const show = (event) => {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * height);
    paintPicture(find("seen"), shown);
    const pen = find("seen").getContext("2d");
    pen.fillStyle = "rgba(255, 140, 0, 0.45)";
    pen.fillRect(start + column * jump, start + row * jump, size, size);
  };
  canvas.addEventListener("pointermove", show);
  canvas.addEventListener("pointerdown", show);
  canvas.addEventListener("pointerleave", () => paintPicture(find("seen"), shown));
}

let shown; // the picture that the classifier was given last
function look() {
  shown = prepared();
  paintPicture(find("seen"), shown);
  find("blank").hidden = shown.data.some((value) => value > -1);
  const { results, probabilities } = classify(shown);
  const order = probabilities.map((_, index) => index);
  if (order.length > 12) order.sort((a, b) => probabilities[b] - probabilities[a]).splice(12);
  find("bars").replaceChildren(...order.map((index) => {
    const bar = make("i");
    bar.style.width = percent(probabilities[index]).replace(" ", "");
    return make("div", { class: "bar" }, make("span", {}, data.classifier.classes[index]), make("span", {}, bar),
      make("span", {}, percent(probabilities[index])));
  }));
  const [name, probability] = likeliest(probabilities);
  find("seen").setAttribute("aria-label", `The network is given this picture, and takes it for ${name}, ${percent(probability)}`);
  for (const { operation, lastChild } of find("layers").children) paintMaps(lastChild.children, results[operation.name]);
}

function paintMaps(canvases, { shape, data: values }) {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const colour = (value) => {
    const part = Math.round((255 * Math.abs(value)) / largest);
    return value < 0 ? [Math.round(part / 3), Math.round(part / 1.8), part] : [part, part, part];
  };
  const [size, channels] = shape.length === 3 ? [shape, shape[2]] : [[1, shape[0]], 1];
  [...canvases].forEach((canvas, map) => paint(canvas, size, (pixel) => colour(values[pixel * channels + map])));
}

/* The pad: a pointer or the arrow keys draw. */
function buildPad() {
  const pad = find("pad"), pen = pad.getContext("2d", { willReadFrequently: true });
  let at = null, key = { x: 140, y: 70, down: false }, waiting = false;
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; look(); });
  };
  const clear = () => { pen.fillStyle = "#000"; pen.fillRect(0, 0, pad.width, pad.height); soon(); };
  const line = (from, to) => {
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: 22, lineCap: "round", lineJoin: "round" });
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
    soon();
  };
  const place = (event) => {
    const box = pad.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * pad.width) / box.width,
      y: ((event.clientY - box.top) * pad.height) / box.height,
    };
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    at = place(event);
    line(at, at);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!at) return;
    const to = place(event);
    line(at, to);
    at = to;
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { at = null; });
  pad.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-14, 0], ArrowRight: [14, 0], ArrowUp: [0, -14], ArrowDown: [0, 14] }[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    const to = { ...key };
    if (step) { to.x = Math.min(270, Math.max(10, key.x + step[0])); to.y = Math.min(270, Math.max(10, key.y + step[1])); }
    else to.down = !key.down;
    if (to.down) line(key, to);
    key = to;
  });
  find("clear").addEventListener("click", clear);
  find("file")?.addEventListener("change", async (event) => {
    const picture = await createImageBitmap(event.target.files[0]).catch(() => null);
    if (!picture) return;
    const side = Math.min(picture.width, picture.height); // the central square, as in training
    pen.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, pad.width, pad.height);
    soon();
  });
  clear();
}

/* ---- the generator ---- */

function buildMaker() {
  const { classes, directions, seeds, latents, labels, shape } = data.generator;
  const units = Engine.floats(latents), dimension = units.length / seeds;
  const latent = (seed) => units.slice(seed * dimension, (seed + 1) * dimension);
  const steps = directions ? Engine.floats(directions) : [];
  const amounts = new Array(steps.length / dimension).fill(0);
  const state = { start: 0, end: 1, way: 0, label: null, next: "start" };
  const large = shape[0] * shape[1] > 2000;

  const oneHot = (label) => Float32Array.from(classes, (_, index) => Number(index === label));
  const classesOf = (seed) => oneHot(state.label ?? labels[seed]);
  const vector = (values) => ({ shape: [values.length], data: values });

  function generate(z, given) {
    const inputs = [vector(z)];
    if (classes) inputs.push(vector(given));
    const picture = Engine.run(networks.generator, ...inputs).last;
    const says = [];
    if (networks.discriminator) {
      const asked = classes ? [picture, vector(given)] : [picture];
      const logit = Engine.run(networks.discriminator, ...asked).last.data[0];
      says.push(data.discriminator.probabilities ? `${percent(1 / (1 + Math.exp(-logit)))} real` : `score ${logit.toFixed(2)}`);
    }
    if (networks.classifier && String(data.classifier.shape) === String(shape)) {
      const [name, probability] = likeliest(classify(picture).probabilities);
      says.push(`${name}, ${percent(probability)}`);
    }
    return { picture, says };
  }

  function showLarge() {
    const z = Engine.between(latent(state.start), latent(state.end), state.way);
    amounts.forEach((amount, k) => {
      if (amount) for (let index = 0; index < dimension; index++) z[index] += amount * steps[k * dimension + index];
    });
    const [one, other] = [classesOf(state.start), classesOf(state.end)];
    const began = performance.now();
    const { picture, says } = generate(z, one.map((value, index) => (1 - state.way) * value + state.way * other[index]));
    paintPicture(find("big"), picture);
    const words = [];
    if (networks.discriminator) words.push(`The discriminator, which learned to tell real pictures from made ones (50 %: it cannot), says: ${says.shift()}.`);
    if (says.length) words.push(`The classifier takes it for ${says[0]}.`);
    find("verdict").textContent = words.join(" ");
    find("took").textContent = `Computed in ${Math.round(performance.now() - began)} ms.`;
    find("big").setAttribute("aria-label", `A picture between seed ${state.start} and seed ${state.end}. ${words.join(" ")}`);
    find("way").textContent = `From seed ${state.start} to seed ${state.end}`;
    find("walk").value = state.way;
  }

  const tiles = Array.from({ length: large ? 12 : seeds }, (_, seed) => {
    const canvas = make("canvas", { "aria-hidden": "true" }), words = make("span");
    const tile = make("button", { class: "tile" }, canvas, words);
    tile.addEventListener("click", () => {
      state[state.next] = seed;
      if (state.next === "start") Object.assign(state, { end: seed, way: 0, next: "end" });
      else Object.assign(state, { way: 1, next: "start" });
      find("asked").textContent = state.next === "end"
        ? `From seed ${seed}. Now click a picture to walk to.`
        : `From seed ${state.start} to seed ${state.end}: use the slider. Click a picture to begin another walk.`;
      mark();
      showLarge();
    });
    return { tile, canvas, words, seed };
  });
  const mark = () => tiles.forEach(({ tile, seed }) => tile.setAttribute("aria-pressed", seed === state.start || seed === state.end));
  find("tiles").append(...tiles.map(({ tile }) => tile));

  let turn = 0;
  async function showAll() {
    const mine = ++turn;
    showLarge();
    for (const { canvas, words, seed } of tiles) {
      await new Promise((done) => setTimeout(done)); // so that the page answers meanwhile
      if (mine !== turn) return;
      const { picture, says } = generate(latent(seed), classesOf(seed));
      paintPicture(canvas, picture);
      words.replaceChildren(`seed ${seed}`, ...says.flatMap((each) => [make("br"), each]));
    }
    find("tiles").dataset.done = turn;
  }

  if (classes) {
    const names = ["each its own", ...classes];
    const choose = (index) => {
      state.label = index ? index - 1 : null;
      showAll();
    };
    if (classes.length > 20) {
      const list = make("select", { "aria-label": "Kind of picture" }, ...names.map((name) => make("option", {}, name)));
      list.addEventListener("change", () => choose(list.selectedIndex));
      find("classes").append(list);
    } else {
      const buttons = names.map((name, index) => {
        const button = make("button", { "aria-pressed": index === 0 }, name);
        button.addEventListener("click", () => {
          buttons.forEach((each) => each.setAttribute("aria-pressed", each === button));
          choose(index);
        });
        return button;
      });
      find("classes").append(...buttons);
    }
  }
  amounts.forEach((_, k) => {
    const slider = make("input", { type: "range", min: -3, max: 3, step: 0.1, value: 0 });
    slider.addEventListener("input", () => { amounts[k] = Number(slider.value); showLarge(); });
    find("directions").append(make("label", { class: "slider" }, `Direction ${k + 1}`, slider));
  });
  find("reset")?.addEventListener("click", () => {
    amounts.fill(0);
    find("directions").querySelectorAll("input").forEach((slider) => { slider.value = 0; });
    showLarge();
  });
  find("walk").addEventListener("input", (event) => { state.way = Number(event.target.value); showLarge(); });
  find("play").addEventListener("click", () => {
    const began = performance.now();
    const frame = (now) => {
      const seconds = (now - began) / 1000;
      state.way = seconds < 4 ? (1 - Math.cos((seconds * Math.PI) / 2)) / 2 : 0;
      showLarge();
      if (seconds < 4) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  mark();
  showAll();
}

if (networks.classifier) { buildLayers(); buildPad(); }
if (networks.generator) buildMaker();
