/** Probabilities of statistics under the hypothesis that nothing has changed. */

/** Lanczos' approximation with g = 7 and nine terms: some 15 digits for x > 0. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const z = x - 1;
  const t = z + 7.5;
  const sum = LANCZOS.reduce((total, term, index) => (index === 0 ? term : total + term / (z + index)), 0);
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}

const STEPS = 10_000;
const SMALL = 1e-15;

/** Q(a, x), the upper incomplete gamma function divided by Γ(a); for a > 0, x ≥ 0. Series below a + 1, else continued fraction. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < STEPS && Math.abs(term) > Math.abs(sum) * SMALL; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - sum * scale);
  }
  // Lentz's method.
  const tiny = Number.MIN_VALUE / SMALL;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < STEPS; n++) {
    const an = -n * (n - a);
    b += 2;
    d = an * d + b;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < SMALL) break;
  }
  return Math.min(1, scale * h);
}

/** P(X ≥ x) of a chi-square distribution; 1 without a degree of freedom. */
export function chiSquareTail(x: number, degrees: number): number {
  return degrees <= 0 ? 1 : upperGamma(degrees / 2, x / 2);
}

/** P(K ≥ x) of Kolmogorov's distribution: 2 Σ (-1)^(k-1) exp(-2 k² x²), and its other form where that converges slowly. */
export function kolmogorovTail(x: number): number {
  if (x <= 0) return 1;
  if (x < 1) {
    const factor = Math.sqrt(2 * Math.PI) / x;
    let sum = 0;
    for (let k = 1; k <= 7; k += 2) sum += Math.exp((-k * k * Math.PI * Math.PI) / (8 * x * x));
    return Math.min(1, Math.max(0, 1 - factor * sum));
  }
  let sum = 0;
  for (let k = 1; k <= 10; k++) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, 2 * sum));
}

/** Two-sided p-value of a Kolmogorov–Smirnov statistic of two samples, with Stephens' correction for small ones. */
export function kolmogorovSmirnovP(statistic: number, one: number, other: number): number {
  const root = Math.sqrt((one * other) / (one + other));
  return kolmogorovTail((root + 0.12 + 0.11 / root) * statistic);
}

/** P(|Z| ≥ z) of the normal distribution. */
export function normalTail(z: number): number {
  return upperGamma(0.5, (z * z) / 2);
}
