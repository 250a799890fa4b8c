import { SystemRandom, type RandomSource } from '@rackwright/kernel';

/** Ids are cut from a block of random bytes: one call to the operating system per 128 spans. */
const BLOCK_BYTES = 1024;

export class TraceIds {
  private block = Buffer.alloc(0);
  private used = 0;

  constructor(private readonly random: RandomSource = new SystemRandom()) {}

  newTraceId(): string {
    return this.take(16);
  }

  newSpanId(): string {
    return this.take(8);
  }

  private take(length: number): string {
    if (this.used + length > this.block.length) {
      this.block = Buffer.from(this.random.bytes(BLOCK_BYTES));
      this.used = 0;
    }
    const hex = this.block.toString('hex', this.used, this.used + length);
    this.used += length;
    // All zeroes is the one value the specification forbids.
    return /^0+$/.test(hex) ? this.take(length) : hex;
  }
}
