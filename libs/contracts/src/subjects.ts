import { SERVICES, type AnyDefinition, type CommandDefinition, type ServiceName } from './define.js';

const KIND_TOKENS = { command: 'cmd', query: 'qry', event: 'evt' } as const;

/** The NATS subject of a definition: `rw.cmd.power.ensure-power.v1`. The only place where subjects are made. */
export function subjectOf(definition: AnyDefinition): string {
  return `rw.${KIND_TOKENS[definition.kind]}.${definition.service}.${definition.name}.v${definition.version}`;
}

/** Where the outcome of a command goes: `rw.out.<asker>.<verb-noun>.v1`. */
export function outcomeSubject(asker: ServiceName, command: Pick<CommandDefinition, 'name' | 'version'>): string {
  return `rw.out.${asker}.${command.name}.v${command.version}`;
}

/** Everything of one kind that a service receives, for allow-lists: `rw.cmd.power.>`. */
export function subjectsOf(kind: 'cmd' | 'out' | 'evt' | 'qry', service: ServiceName): string {
  return `rw.${kind}.${service}.>`;
}

/** A subject taken apart. In an outcome subject `service` is the asker. */
export interface SubjectParts {
  readonly kind: 'cmd' | 'out' | 'evt' | 'qry';
  readonly service: ServiceName;
  readonly name: string;
  readonly version: number;
}

/** Reads a subject; undefined when it is none of ours. */
export function parseSubject(subject: string): SubjectParts | undefined {
  const match = /^rw\.(cmd|out|evt|qry)\.([a-z-]+)\.([a-z0-9-]+)\.v([1-9][0-9]{0,3})$/.exec(subject);
  const [, kind, service, name, version] = match ?? [];
  if (name === undefined || !(SERVICES as readonly string[]).includes(service ?? '')) return undefined;
  return { kind: kind as SubjectParts['kind'], service: service as ServiceName, name, version: Number(version) };
}

/** All events of all services, the subject list of the `EVENTS` stream. */
export const ALL_EVENTS_SUBJECT = 'rw.evt.>';
export const EVENTS_STREAM = 'EVENTS';

/** The CloudEvents `type` of an event: `org.rackwright.inventory.server-registered.v1`. */
export function eventTypeOf(definition: AnyDefinition): string {
  return `org.rackwright.${definition.service}.${definition.name}.v${definition.version}`;
}
