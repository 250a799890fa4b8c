import { SERVICES, type ServiceName } from '@rackwright/contracts';

/** A program of ours that the launcher keeps running. */
export interface ServiceEntry {
  readonly name: ServiceName | 'simulator';
  /** Has a schema and a role of its own in the database, and a user of its own on the message server. */
  readonly stateful: boolean;
}

/** In the order in which they are started; none waits for another, each retries what is not there yet. */
export const SERVICE_LIST: readonly ServiceEntry[] = [
  { name: 'simulator', stateful: false },
  ...SERVICES.map((name) => ({ name, stateful: true })),
];

/** Schema and role names follow the service: `saga-coordinator` owns schema and role `saga_coordinator`. */
export function schemaOf(service: string): string {
  return service.replaceAll('-', '_');
}

export function roleOf(service: string): string {
  return `rw_${schemaOf(service)}`;
}
