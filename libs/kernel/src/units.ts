/** Power in watts, energy in joules, memory in GiB: the base units inside the product. */
export const JOULES_PER_KWH = 3_600_000;
export const MS_PER_SECOND = 1_000;
export const MS_PER_MINUTE = 60_000;
export const MS_PER_HOUR = 3_600_000;
export const BYTES_PER_GIB = 2 ** 30;

/** Energy in kWh as people read it. */
export function kwhOf(joules: number): number {
  return joules / JOULES_PER_KWH;
}

/** A duration for people: `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 10 min`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < MS_PER_SECOND) return `${Math.round(durationMs)} ms`;
  if (durationMs < MS_PER_MINUTE) return `${(durationMs / MS_PER_SECOND).toFixed(1)} s`;
  if (durationMs < MS_PER_HOUR) {
    return `${Math.floor(durationMs / MS_PER_MINUTE)} min ${Math.round((durationMs % MS_PER_MINUTE) / MS_PER_SECOND)} s`;
  }
  return `${Math.floor(durationMs / MS_PER_HOUR)} h ${Math.round((durationMs % MS_PER_HOUR) / MS_PER_MINUTE)} min`;
}
