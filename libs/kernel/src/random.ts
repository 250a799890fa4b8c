import { randomBytes } from 'node:crypto';

/** The only source of randomness. Seeded in simulation and tests, so that a failure can be replayed from its seed. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  next(): number;
  /** `length` uniform bytes. */
  bytes(length: number): Uint8Array;
}

/** Cryptographically strong randomness of the operating system. */
export class SystemRandom implements RandomSource {
  next(): number {
    return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
  }

  bytes(length: number): Uint8Array {
    return new Uint8Array(randomBytes(length));
  }
}

/** Repeatable randomness (mulberry32): the same seed gives the same sequence on every machine. Not for secrets. */
export class SeededRandom implements RandomSource {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => Math.floor(this.next() * 256));
  }
}

/** A whole number in [min, max], both included. */
export function integerBetween(random: RandomSource, min: number, max: number): number {
  return min + Math.floor(random.next() * (max - min + 1));
}

/** One element of a non-empty list. */
export function pick<T>(random: RandomSource, items: readonly [T, ...T[]] | readonly T[]): T {
  return items[Math.floor(random.next() * items.length)] as T;
}
