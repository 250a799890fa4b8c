import type { Architecture } from '@rackwright/kernel';

const BY_INSTRUCTION_SET: Readonly<Record<string, Architecture>> = {
  'x86-64': 'x86-64',
  'arm-a64': 'arm64',
  powerisa: 'ppc64',
  rv64: 'riscv64',
};

/** `x86` alone means 64 bit: no BMC with Redfish ever sat on a 32-bit server. */
const BY_ARCHITECTURE: Readonly<Record<string, Architecture>> = {
  x86: 'x86-64',
  arm: 'arm64',
  power: 'ppc64',
  'risc-v': 'riscv64',
};

/** Names of processors, for devices that tell the model and not the architecture. SPARC has no Redfish value at all. */
const BY_MODEL: readonly (readonly [RegExp, Architecture])[] = [
  [/\b(xeon|epyc|opteron|pentium|celeron|core\(tm\)|ryzen)\b/i, 'x86-64'],
  [/\b(altra|ampere|neoverse|thunderx|kunpeng|graviton|cortex-a|grace|cavium)\b/i, 'arm64'],
  [/\bpower(8|9|10|11)\b/i, 'ppc64'],
  [/\b(sparc|m7|m8|s7)\b/i, 'sparc64'],
];

export interface ArchitectureFinding {
  readonly architecture: Architecture;
  /** True when only the model's name told. */
  readonly inferred: boolean;
}

/** The architecture of a processor by what it says of itself, most exact first; undefined when nothing tells. */
export function architectureOf(processor: {
  instructionSet?: string | undefined;
  architecture?: string | undefined;
  model?: string | undefined;
}): ArchitectureFinding | undefined {
  const told =
    BY_INSTRUCTION_SET[processor.instructionSet?.toLowerCase() ?? ''] ??
    BY_ARCHITECTURE[processor.architecture?.toLowerCase() ?? ''];
  if (told) return { architecture: told, inferred: false };
  const guess = BY_MODEL.find(([pattern]) => pattern.test(processor.model ?? ''));
  return guess && { architecture: guess[1], inferred: true };
}
