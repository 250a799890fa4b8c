import type { Outcome } from '@rackwright/contracts';
import { AppError } from '@rackwright/kernel';
import type { Tx } from '@rackwright/persistence';
import { Injectable } from '@nestjs/common';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { NATS_MESSAGING, type HandlerMark } from './decorators.js';
import type { Deferred, HandlerRegistry, ReceivedOutcome } from './handlers.js';
import { Messaging } from './messaging.js';

/**
 * Nest's door to messaging: collects the decorated methods of all controllers (with their guards, pipes and
 * interceptors) and starts listening. Connecting goes on in the background, so a service comes up without NATS too.
 *
 * `app.connectMicroservice({ strategy: app.get(NatsMessagingStrategy) }); await app.startAllMicroservices();`
 */
@Injectable()
export class NatsMessagingStrategy extends Server implements CustomTransportStrategy {
  override transportId = NATS_MESSAGING;

  constructor(private readonly messaging: Messaging) {
    super();
    this.initializeSerializer({});
    this.initializeDeserializer({});
  }

  listen(callback: (error?: unknown) => void): void {
    try {
      for (const handler of this.messageHandlers.values()) this.register(handler);
      this.messaging.start();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await this.messaging.close();
  }

  on(): never {
    throw new AppError('messaging.unsupported', 'this transport emits no events; ask Messaging.connected');
  }

  unwrap<T>(): T {
    return this.messaging as T;
  }

  private register(handler: MessageHandler): void {
    const mark = (handler.extras as { mark?: HandlerMark } | undefined)?.mark;
    if (mark === undefined)
      throw new AppError('messaging.unmarked-handler', 'use the decorators of @rackwright/messaging');
    registerHandler(this.messaging.registry, mark, (what, context) => call(handler, what, context));
  }
}

type Call = (what: unknown, context: unknown) => Promise<unknown>;

function registerHandler(registry: HandlerRegistry, mark: HandlerMark, run: Call): void {
  switch (mark.kind) {
    case 'command':
      return registry.handleCommand(mark.definition, async (items) => {
        const tx: Tx | undefined = items[0]?.context.tx;
        if (mark.isBatch) return (await run(items, tx)) as (Outcome | Deferred)[];
        const outcomes: (Outcome | Deferred)[] = [];
        // One after the other: they share one connection.
        for (const { input, context } of items) outcomes.push((await run(input, context)) as Outcome | Deferred);
        return outcomes;
      });
    case 'query':
      return registry.answerQuery(mark.definition, run);
    case 'event':
      return registry.listenTo(mark.definition, async (data, context) => void (await run(data, context)));
    case 'outcomes':
      return registry.receiveOutcomes(
        async (outcomes: readonly ReceivedOutcome[], tx) => void (await run([...outcomes], tx)),
      );
  }
}

async function call(handler: MessageHandler, what: unknown, context: unknown): Promise<unknown> {
  const result: unknown = await handler(what, context);
  if (!isObservable(result)) return result;
  return lastValueFrom(result, { defaultValue: undefined });
}
