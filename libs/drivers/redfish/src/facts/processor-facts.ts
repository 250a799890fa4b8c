import type { ProcessorFacts } from '@rackwright/driver-core';
import type { Architecture } from '@rackwright/kernel';
import { at, number, text } from '../protocol/fields.js';
import type { ReadScope } from '../protocol/read-scope.js';
import type { JsonObject } from '../transport/safe-json.js';
import { architectureOf } from './architecture.policy.js';

export interface ProcessorsFound {
  readonly architecture?: Architecture;
  readonly processors?: ProcessorFacts;
}

const ABSENT: ReadonlySet<unknown> = new Set(['Absent', 'UnavailableOffline']);

/** Processors that compute for the operating system: no GPUs, FPGAs, DSPs, no empty sockets, no threads listed as members. */
function isCpu(body: JsonObject): boolean {
  const type = text(at(body, 'ProcessorType'));
  return (type === undefined || type === 'CPU' || type === 'OEM') && !ABSENT.has(at(body, 'Status', 'State'));
}

function sum(bodies: readonly JsonObject[], ...names: readonly string[]): number | undefined {
  const counts = bodies.map((body) => names.map((name) => number(at(body, name))).find((count) => count !== undefined));
  return counts.length > 0 && counts.every((count) => count !== undefined)
    ? counts.reduce((total: number, count) => total + (count ?? 0), 0)
    : undefined;
}

/** Count, cores, threads and architecture: from the processors themselves, from the system's summary where they are not shown. */
export async function readProcessors(scope: ReadScope, system: JsonObject): Promise<ProcessorsFound> {
  const collection = at(system, 'Processors', '@odata.id');
  const members = await scope.members(typeof collection === 'string' ? collection : undefined);
  const cpus = members.map((member) => member.body).filter(isCpu);
  const summary = at(system, 'ProcessorSummary');
  const first = cpus[0];
  const model = text(at(first, 'Model')) ?? text(at(summary, 'Model'));
  const finding = architectureOf({
    instructionSet: text(at(first, 'InstructionSet')),
    architecture: text(at(first, 'ProcessorArchitecture')),
    model,
  });
  if (finding === undefined) scope.gap('no processor architecture');
  else if (finding.inferred) scope.gap('processor architecture told by the model name only');
  const count = cpus.length > 0 ? cpus.length : number(at(summary, 'Count'));
  if (cpus.length === 0) scope.gap('processors are not listed one by one');
  const cores = sum(cpus, 'TotalCores') ?? number(at(summary, 'CoreCount'));
  const threads = sum(cpus, 'TotalThreads') ?? number(at(summary, 'LogicalProcessorCount'));
  return {
    ...(finding && { architecture: finding.architecture }),
    ...(count !== undefined && {
      processors: {
        count,
        ...(cores !== undefined && { cores }),
        ...(threads !== undefined && { threads }),
        ...(model !== undefined && { model }),
      },
    }),
  };
}

/** Memory in GiB: the system's summary, else the sum of its modules. */
export async function readMemoryGiB(scope: ReadScope, system: JsonObject): Promise<number | undefined> {
  const total = number(at(system, 'MemorySummary', 'TotalSystemMemoryGiB'));
  if (total !== undefined && total > 0) return total;
  const collection = at(system, 'Memory', '@odata.id');
  const modules = await scope.members(typeof collection === 'string' ? collection : undefined);
  const mebibytes = modules.reduce((sumMiB, module) => sumMiB + (number(at(module.body, 'CapacityMiB')) ?? 0), 0);
  return mebibytes > 0 ? mebibytes / 1_024 : undefined;
}
