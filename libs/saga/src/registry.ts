import { AppError } from '@rackwright/kernel';

import type { SagaDefinition } from './definition.js';

/** All definitions a process can run, old versions included: an open journal of version N is finished by code of version N. */
export class SagaRegistry {
  private readonly definitions = new Map<string, SagaDefinition>();

  constructor(definitions: readonly SagaDefinition[] = []) {
    for (const definition of definitions) this.add(definition);
  }

  /** Throws `saga.defined-twice` for a name and version that is already there. */
  add(definition: SagaDefinition): void {
    const key = keyOf(definition.name, definition.version);
    if (this.definitions.has(key)) throw new AppError('saga.defined-twice', `saga ${key} is defined twice`);
    this.definitions.set(key, definition);
  }

  /** Undefined for a version this process has no code for; the engine makes such a saga stuck. */
  find(name: string, version: number): SagaDefinition | undefined {
    return this.definitions.get(keyOf(name, version));
  }

  all(): readonly SagaDefinition[] {
    return [...this.definitions.values()];
  }
}

function keyOf(name: string, version: number): string {
  return `${name}@${version}`;
}
