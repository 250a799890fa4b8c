import type { DynamicModule, INestApplication, ModuleMetadata } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { CommandDefinition, ServiceName } from '@rackwright/contracts';
import type { EntityClass, Migration } from '@rackwright/persistence';
import type { ServiceConfig } from './service.config.js';
import type { HostParts } from './service-host.module.js';

export type Modules = NonNullable<ModuleMetadata['imports']>;

/** A service as its `main.ts` describes it. */
export interface ServiceDefinition {
  readonly name: ServiceName;
  /** SemVer of the build. */
  readonly version: string;
  /** The service's own modules; a function when they need parts of the host while they are put together. */
  readonly modules: Modules | ((parts: HostParts & { readonly config: ServiceConfig }) => Modules);
  /** All migrations in order, those of messaging first. */
  readonly migrations: readonly Migration[];
  readonly entities?: readonly EntityClass[];
  /** Commands this service sends: their outcomes are checked against the contract. */
  readonly sends?: readonly CommandDefinition[];
  /** How messages come in and go out; default `messagingTransport({ sends })`. */
  readonly transport?: TransportFactory;
  /** Only for the gateway: an Express server beside messaging. */
  readonly http?: HttpOptions;
}

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  /** Pipes, guards, documentation: before it listens. */
  readonly configure?: (app: INestApplication) => void | Promise<void>;
}

/** Messaging of one process, as the host sees it. */
export interface Transport {
  /** Provides buses and clients to the service's modules. */
  readonly module: DynamicModule;
  /** Listens for messages; its `close` finishes what is in hand. */
  readonly strategy: CustomTransportStrategy;
  /** Why messages cannot flow now; undefined when they can. */
  problem(): string | undefined;
}

export type TransportFactory = (context: {
  readonly name: ServiceName;
  readonly version: string;
  readonly config: ServiceConfig;
  readonly parts: HostParts;
}) => Transport | Promise<Transport>;
