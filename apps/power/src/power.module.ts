import {
  Inject,
  Injectable,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { DEVICE_POLLERS, DeviceHostModule, DeviceWorkRunner, deviceWorkProvider } from '@rackwright/device-host';
import { DeviceStore } from '@rackwright/device-registry';
import { CommandBus, EventBus } from '@rackwright/messaging';
import { Database } from '@rackwright/persistence';
import type { HostParts } from '@rackwright/service-host';
import { BmcDrivers } from './bmc/bmc-drivers.js';
import { BmcService } from './bmc/bmc.service.js';
import { BmcStore } from './bmc/bmc.store.js';
import { connectServer } from './bmc/server-connection.js';
import { BootScriptServer } from './boot-script/boot-script.server.js';
import { BootScripts } from './boot-script/boot-script.store.js';
import { Discovery } from './discovery/discovery.js';
import { PowerPoller } from './poll/power-poller.js';
import { PowerReader } from './poll/power-reader.js';
import type { PowerConfig } from './power.config.js';
import { BmcHandlers, PowerQueryHandlers, ServerWorkHandlers } from './power.handlers.js';
import { Announcer } from './work/announcer.js';
import { ServerWork } from './work/server.work.js';

/** Connections for work, and others for reading: a reader never ends the session a change is under way in. */
const WORK_DRIVERS = Symbol('power.work-drivers');
const READ_DRIVERS = Symbol('power.read-drivers');

/** Starts and ends reading with the service, while database and messaging are there. */
@Injectable()
class PowerReadingRunner implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly poller: PowerPoller,
    private readonly discovery: Discovery,
    @Inject(WORK_DRIVERS) private readonly workDrivers: BmcDrivers,
  ) {}

  onApplicationBootstrap(): void {
    this.poller.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all([this.poller.stop(), this.discovery.stop()]);
  }

  /** After device work has stopped: nothing signs in again. */
  async onApplicationShutdown(): Promise<void> {
    await this.workDrivers.close();
  }
}

function drivers(token: symbol): Provider {
  return {
    provide: token,
    inject: [DeviceStore, BootScripts],
    useFactory: (store: DeviceStore, scripts: BootScripts) =>
      new BmcDrivers(store, (device, serial) => connectServer(device, serial, scripts)),
  };
}

function readProviders(parts: HostParts, config: PowerConfig): Provider[] {
  const { clock, ids, database, logger } = parts;
  return [
    {
      provide: Discovery,
      inject: [DeviceStore, BmcStore, READ_DRIVERS, CommandBus],
      useFactory: (devices: DeviceStore, bmcs: BmcStore, reading: BmcDrivers, commands: CommandBus) =>
        new Discovery({ devices, bmcs, drivers: reading, database, commands, clock, ids }),
    },
    {
      provide: PowerReader,
      inject: [BmcStore, READ_DRIVERS],
      useFactory: (bmcs: BmcStore, reading: BmcDrivers) => new PowerReader(bmcs, reading, clock),
    },
    {
      provide: PowerPoller,
      inject: [DeviceStore, BmcStore, READ_DRIVERS, Discovery, EventBus],
      useFactory: (...made: [DeviceStore, BmcStore, BmcDrivers, Discovery, EventBus]) => {
        const [devices, bmcs, reading, discovery, events] = made;
        return new PowerPoller({
          devices,
          bmcs,
          drivers: reading,
          discovery,
          database,
          events,
          clock,
          everyMs: config.pollEveryMs,
          onError: (err, what) => logger.error({ err }, what),
        });
      },
    },
    PowerReadingRunner,
  ];
}

function workProviders(parts: HostParts, config: PowerConfig): Provider[] {
  return [
    {
      provide: Announcer,
      inject: [Database, EventBus],
      useFactory: (database: Database, events: EventBus) => new Announcer(database, events),
    },
    {
      provide: ServerWork,
      inject: [BmcStore, WORK_DRIVERS, Announcer, Discovery],
      useFactory: (bmcs: BmcStore, working: BmcDrivers, announcer: Announcer, discovery: Discovery) => {
        const { offDwellMs, bootSettleMs } = config;
        const { database, clock } = parts;
        return new ServerWork(
          { bmcs, drivers: working, database, announcer, offDwellMs, bootSettleMs },
          discovery,
          clock,
        );
      },
    },
    deviceWorkProvider([ServerWork], parts),
    // Power is read by its own poller, which tells one event per round.
    { provide: DEVICE_POLLERS, useValue: [] },
    DeviceWorkRunner,
  ];
}

@Module({})
export class PowerModule {
  static for(parts: HostParts, config: PowerConfig): DynamicModule {
    return {
      module: PowerModule,
      imports: [DeviceHostModule.for('power', config.masterKeyFile, parts)],
      controllers: [BmcHandlers, ServerWorkHandlers, PowerQueryHandlers],
      providers: [
        BmcStore,
        BmcService,
        BootScripts,
        drivers(WORK_DRIVERS),
        drivers(READ_DRIVERS),
        ...readProviders(parts, config),
        ...workProviders(parts, config),
        {
          provide: BootScriptServer,
          inject: [BootScripts],
          useFactory: (scripts: BootScripts) => new BootScriptServer(scripts, config.bootScriptListen, parts.logger),
        },
      ],
    };
  }
}
