"use strict";
/* Runs a trained network in the browser, one picture at a time.

   A network is a list of operations, each with the names of those whose results it takes, the shape
   of what it gives ([height, width, channels] or [values]), its weights, and the settings that Keras
   has for it; convgan/models/portable.py writes it. Maps lie in memory row by row, pixel by pixel, channel by channel, as in TensorFlow, and
   kernels as [height, width, channels in, channels out]. */
const Engine = (() => {
  const count = (shape) => shape.reduce((product, size) => product * size, 1);

  function floats(base64) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  }

  /* From what Python wrote to what `run` takes. */
  function load(written) {
    const weights = floats(written.weights);
    const operations = written.operations.map((operation) => ({
      ...operation,
      weights: operation.weights.map(([first, shape]) => ({
        shape, data: weights.subarray(first, first + count(shape)),
      })),
    }));
    return { inputs: written.inputs, operations };
  }

  /* The results of all operations by name, each {shape, data}; `given` are those of the inputs. */
  function run(network, ...given) {
    const results = {};
    network.inputs.forEach((name, index) => { results[name] = given[index]; });
    let last = given[0];
    for (const operation of network.operations) {
      const inputs = operation.inputs.map((name) => results[name]);
      const data = OPERATIONS[operation.op](operation, ...inputs);
      last = results[operation.name] = { shape: operation.shape, data };
    }
    return { last, results };
  }

  /* How many pixels of padding "same" puts before the first one; what is left over comes after the
     last, so that at an even kernel or stride the two sides differ. */
  function paddingBefore(padding, small, large, kernel, stride) {
    return padding === "same" ? Math.max((small - 1) * stride + kernel - large, 0) >> 1 : 0;
  }

  function filled(shape, bias) {
    const data = new Float32Array(count(shape));
    if (bias) {
      for (let index = 0; index < data.length; index++) data[index] = bias.data[index % bias.data.length];
    }
    return data;
  }

  /* Each output pixel is a sum over the kernel's window; the window moves by the stride. */
  function conv({ shape, weights: [kernel, bias], strides: [stride], padding }, x) {
    const [rows, columns, outputs] = shape;
    const [height, width, channels] = x.shape;
    const [kernelRows, kernelColumns] = kernel.shape;
    const top = paddingBefore(padding, rows, height, kernelRows, stride);
    const left = paddingBefore(padding, columns, width, kernelColumns, stride);
    const result = filled(shape, bias), input = x.data, w = kernel.data;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = (row * columns + column) * outputs;
        for (let i = 0; i < kernelRows; i++) {
          const y = row * stride + i - top;
          if (y < 0 || y >= height) continue;
          for (let j = 0; j < kernelColumns; j++) {
            const z = column * stride + j - left;
            if (z < 0 || z >= width) continue;
            const from = (y * width + z) * channels;
            let weight = (i * kernelColumns + j) * channels * outputs;
            for (let channel = 0; channel < channels; channel++, weight += outputs) {
              const value = input[from + channel];
              if (value === 0) continue;
              for (let o = 0; o < outputs; o++) result[at + o] += value * w[weight + o];
            }
          }
        }
      }
    }
    return result;
  }

  /* The other way round: each input pixel adds its multiple of the kernel to a window of the output,
     and the window moves by the stride. */
  function transposed({ shape, weights: [kernel, bias], strides: [stride], padding }, x) {
    const [rows, columns, outputs] = shape;
    const [height, width, channels] = x.shape;
    const [kernelRows, kernelColumns] = kernel.shape;
    const top = paddingBefore(padding, height, rows, kernelRows, stride);
    const left = paddingBefore(padding, width, columns, kernelColumns, stride);
    const result = filled(shape, bias), input = x.data, w = kernel.data;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const from = (row * width + column) * channels;
        for (let i = 0; i < kernelRows; i++) {
          const y = row * stride + i - top;
          if (y < 0 || y >= rows) continue;
          for (let j = 0; j < kernelColumns; j++) {
            const z = column * stride + j - left;
            if (z < 0 || z >= columns) continue;
            const at = (y * columns + z) * outputs;
            let weight = (i * kernelColumns + j) * channels * outputs;
            for (let channel = 0; channel < channels; channel++, weight += outputs) {
              const value = input[from + channel];
              if (value === 0) continue;
              for (let o = 0; o < outputs; o++) result[at + o] += value * w[weight + o];
            }
          }
        }
      }
    }
    return result;
  }

  function dense({ shape, weights: [kernel, bias], activation }, x) {
    const result = filled(shape, bias), outputs = result.length, w = kernel.data;
    x.data.forEach((value, index) => {
      if (value === 0) return;
      for (let o = 0; o < outputs; o++) result[o] += value * w[index * outputs + o];
    });
    return result.map(ACTIVATIONS[activation]);
  }

  /* A scale and a shift for each channel, or one for all. */
  function affine({ weights: [scale, shift] }, x) {
    const a = scale.data, b = shift.data, channels = a.length;
    return x.data.map((value, index) => a[index % channels] * value + b[index % channels]);
  }

  function groupNorm({ groups, epsilon, weights: [scale, shift] }, x) {
    const channels = x.shape.at(-1), inGroup = channels / groups;
    const sums = new Float64Array(groups), squares = new Float64Array(groups);
    const groupOf = (index) => Math.floor((index % channels) / inGroup);
    const each = x.data.length / groups;
    x.data.forEach((value, index) => { sums[groupOf(index)] += value / each; });
    x.data.forEach((value, index) => { squares[groupOf(index)] += (value - sums[groupOf(index)]) ** 2 / each; });
    return x.data.map((value, index) => {
      const group = groupOf(index), channel = index % channels;
      const normal = (value - sums[group]) / Math.sqrt(squares[group] + epsilon);
      return normal * scale.data[channel] + shift.data[channel];
    });
  }

  const ACTIVATIONS = {
    linear: (x) => x,
    relu: (x) => Math.max(x, 0),
    tanh: (x) => Math.tanh(x),
    elu: (x) => (x < 0 ? Math.expm1(x) : x),
    selu: (x) => 1.05070098735548 * (x < 0 ? 1.673263242354377 * Math.expm1(x) : x),
    silu: (x) => x / (1 + Math.exp(-x)),
  };

  /* The maximum or average of windows that do not overlap. */
  function pool({ op, shape, pool_size: [size] }, x) {
    const [rows, columns, channels] = shape, width = x.shape[1];
    return filled(shape).map((_, index) => {
      const channel = index % channels;
      const column = Math.floor(index / channels) % columns;
      const row = Math.floor(index / channels / columns);
      let sum = 0, largest = -Infinity;
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const value = x.data[((row * size + i) * width + column * size + j) * channels + channel];
          sum += value;
          largest = Math.max(largest, value);
        }
      }
      return op === "MaxPooling2D" ? largest : sum / (size * size);
    });
  }

  /* One value for each channel, of all pixels. */
  function overImage({ op, shape }, x) {
    const [channels] = shape, pixels = x.data.length / channels;
    return filled(shape).map((_, channel) => {
      let sum = 0, largest = -Infinity;
      for (let index = channel; index < x.data.length; index += channels) {
        sum += x.data[index];
        largest = Math.max(largest, x.data[index]);
      }
      return op === "GlobalMaxPooling2D" ? largest : sum / pixels;
    });
  }

  /* Each output pixel is a copy of one input pixel, or 0 where there is none. */
  function copied(shape, x, place) {
    const [rows, columns, channels] = shape, [height, width] = x.shape;
    const result = filled(shape);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const y = place(row), z = place(column);
        if (y < 0 || z < 0 || y >= height || z >= width) continue;
        const from = (y * width + z) * channels;
        result.set(x.data.subarray(from, from + channels), (row * columns + column) * channels);
      }
    }
    return result;
  }

  function concatenate({ shape }, ...vectors) {
    const result = filled(shape);
    let at = 0;
    for (const { data } of vectors) { result.set(data, at); at += data.length; }
    return result;
  }

  /* Pixel by pixel; of a smaller one, [1, 1, channels], the same at every pixel. */
  const together = (combine) => (_, x, other) =>
    x.data.map((value, index) => combine(value, other.data[index % other.data.length]));

  const same = (_, x) => x.data;

  const OPERATIONS = {
    Conv2D: conv,
    Conv2DTranspose: transposed,
    Dense: dense,
    BatchNormalization: affine,
    Rescaling: affine,
    GroupNormalization: groupNorm,
    Activation: ({ activation }, x) => x.data.map(ACTIVATIONS[activation]),
    LeakyReLU: ({ negative_slope: slope }, x) => x.data.map((value) => (value < 0 ? slope * value : value)),
    MaxPooling2D: pool,
    AveragePooling2D: pool,
    GlobalMaxPooling2D: overImage,
    GlobalAveragePooling2D: overImage,
    UpSampling2D: ({ shape, size: [factor] }, x) => copied(shape, x, (at) => Math.floor(at / factor)),
    ZeroPadding2D: ({ shape, padding: [[pixels]] }, x) => copied(shape, x, (at) => at - pixels),
    Flatten: same,
    Reshape: same,
    Dropout: same,
    Concatenate: concatenate,
    Add: together((x, other) => x + other),
    Multiply: together((x, other) => x * other),
    Dot: (_, x, other) => [x.data.reduce((sum, value, index) => sum + value * other.data[index], 0)],
  };

  /* Logits to probabilities; divided by the temperature, they are as sure as they are right. */
  function softmax(logits, temperature = 1) {
    const largest = Math.max(...logits);
    const powers = Array.from(logits, (logit) => Math.exp((logit - largest) / temperature));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  }

  /* The point that lies a part t of the way from one latent vector to another, on the arc between
     their directions: on a straight line the middle would be shorter than the ends. */
  function between(one, other, t) {
    const dot = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0);
    const cosine = dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
    const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
    const arc = Math.sin(angle);
    const [a, b] = arc < 1e-6 ? [1 - t, t] : [Math.sin((1 - t) * angle) / arc, Math.sin(t * angle) / arc];
    return one.map((value, index) => a * value + b * other[index]);
  }

  return { floats, load, run, softmax, between, paddingBefore };
})();
if (typeof module !== "undefined") module.exports = Engine;
