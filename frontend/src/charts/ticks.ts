/** Round ticks from 0 to at least `top`: at most four steps of 1, 2, 2.5 or 5 times a power of ten. They are whole, as
 *  milliseconds are shown. */
export function roundTicks(top: number, most = 4): number[] {
  if (!(top > 0)) return [0, 1];
  const rough = top / most;
  const power = Math.max(1, 10 ** Math.floor(Math.log10(rough)));
  const steps = [1, 2, 2.5, 5, 10].map((factor) => factor * power).filter(Number.isInteger);
  const step = steps.find((one) => one * most >= top) ?? power * 10;
  const count = Math.ceil(top / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}
