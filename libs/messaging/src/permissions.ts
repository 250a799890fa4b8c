import {
  ALL_EVENTS_SUBJECT,
  EVENTS_STREAM,
  outcomeSubject,
  subjectOf,
  subjectsOf,
  type AnyDefinition,
  type ServiceName,
} from '@rackwright/contracts';
import { durableNameOf } from './stream-names.js';

/** What a service says and hears beside what it owns. */
export interface ServiceMessages {
  readonly service: ServiceName;
  /** Every definition of the system; what the service handles, answers and emits derives from it. */
  readonly definitions: readonly AnyDefinition[];
  /** Commands of others that it sends and queries of others that it asks. */
  readonly uses: readonly AnyDefinition[];
  /** Events it listens to with a durable consumer. */
  readonly listensTo?: readonly AnyDefinition[];
  /** Replays and follows all events (`EventReader`). */
  readonly readsEvents?: boolean;
  /** May look other services up (`$SRV.PING`). */
  readonly discovers?: boolean;
}

/** Allow-lists of one NATS user; everything else is refused by the server. */
export interface SubjectPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * The subjects that the service's user may publish and subscribe. Answers to requests (receipts, query answers) need no
 * entry: the server allows them once per request received (`allow_responses`).
 */
export function subjectPermissions(messages: ServiceMessages): SubjectPermissions {
  const { service, definitions, uses, listensTo = [], readsEvents = false, discovers = false } = messages;
  const own = definitions.filter((definition) => definition.service === service);
  const emits = own.some((definition) => definition.kind === 'event');
  const publish = [
    ...uses.filter((definition) => definition.kind !== 'event').map(subjectOf),
    // Whoever asks is answered: the names are those of our own commands, the asker may be any service.
    ...own.flatMap((definition) => (definition.kind === 'command' ? [anyAsker(definition)] : [])),
    ...own.flatMap((definition) => (definition.kind === 'event' ? [subjectOf(definition)] : [])),
    `_INBOX.${service}.answered`,
    ...(emits || listensTo.length > 0 || readsEvents ? streamApi() : []),
    ...(emits ? [`$JS.API.STREAM.MSG.GET.${EVENTS_STREAM}`] : []),
    ...listensTo.flatMap((event) => durableApi(service, subjectOf(event))),
    ...(readsEvents ? readerApi() : []),
    ...(discovers ? ['$SRV.*', '$SRV.*.>'] : []),
  ];
  const subscribe = [
    subjectsOf('cmd', service),
    subjectsOf('out', service),
    subjectsOf('qry', service),
    `_INBOX.${service}.>`,
    ...['PING', 'INFO', 'STATS'].flatMap((verb) => [
      `$SRV.${verb}`,
      `$SRV.${verb}.${service}`,
      `$SRV.${verb}.${service}.*`,
    ]),
  ];
  return { publish: [...new Set(publish)].sort(), subscribe };
}

function anyAsker(definition: Extract<AnyDefinition, { kind: 'command' }>): string {
  return outcomeSubject('*' as ServiceName, definition);
}

function streamApi(): string[] {
  return ['$JS.API.INFO', `$JS.API.STREAM.INFO.${EVENTS_STREAM}`, `$JS.API.STREAM.CREATE.${EVENTS_STREAM}`];
}

function durableApi(service: ServiceName, subject: string): string[] {
  const durable = durableNameOf(service, subject);
  return [
    `$JS.API.CONSUMER.INFO.${EVENTS_STREAM}.${durable}`,
    `$JS.API.CONSUMER.CREATE.${EVENTS_STREAM}.${durable}.${subject}`,
    `$JS.API.CONSUMER.MSG.NEXT.${EVENTS_STREAM}.${durable}`,
    `$JS.ACK.${EVENTS_STREAM}.${durable}.>`,
  ];
}

// A subject token cannot be matched by its beginning, so a reader's consumers are told apart by their filter only.
function readerApi(): string[] {
  return [
    `$JS.API.CONSUMER.CREATE.${EVENTS_STREAM}.*.${ALL_EVENTS_SUBJECT}`,
    `$JS.API.CONSUMER.INFO.${EVENTS_STREAM}.*`,
    `$JS.API.CONSUMER.MSG.NEXT.${EVENTS_STREAM}.*`,
    `$JS.API.CONSUMER.DELETE.${EVENTS_STREAM}.*`,
  ];
}
