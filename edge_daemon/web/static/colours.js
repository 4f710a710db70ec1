// The colours of the spectrogram: 256 shades for a dark page, and 256 for a light one.

const DARK = ["#0b1220", "#0d2b45", "#0f5a63", "#1f9c86", "#8bd17c", "#f5e663", "#fffbe0"];
const LIGHT = ["#ffffff", "#e3f1ef", "#a9d9d1", "#4fb0a5", "#16727a", "#123a5c", "#0a1030"];
const QUIETEST = 40; // of 255: what is below looks like nothing
const LOUDEST = 215;

const shades = { dark: shadesOf(DARK), light: shadesOf(LIGHT) };

/** Return the shades that go with the page as it looks now. */
export function colours() {
  const chosen = document.documentElement.dataset.theme;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return shades[chosen ?? (dark ? "dark" : "light")];
}

function shadesOf(stops) {
  const rgb = stops.map((stop) => [1, 3, 5].map((i) => parseInt(stop.slice(i, i + 2), 16)));
  return Uint32Array.from({ length: 256 }, (_, level) => {
    const loud = Math.min(1, Math.max(0, (level - QUIETEST) / (LOUDEST - QUIETEST)));
    const at = loud * (stops.length - 1);
    const first = Math.min(Math.floor(at), stops.length - 2);
    const [r, g, b] = rgb[first].map((c, i) => c + (rgb[first + 1][i] - c) * (at - first));
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}
