import {
  CallEnding,
  endCall,
  gatedSend,
  settle,
  settleRead,
  type AdapterIdentityPort,
  type DeviceCall,
  type DeviceConnection,
  type DeviceIdentity,
  type DeviceResult,
  type IdentityCapability,
  type Observed,
  type PortIdentityReading,
  type ReadResult,
  type ServerIdentity,
  type ServerIdentityReading,
} from '@rackwright/driver-core';
import { AppError, messageOf } from '@rackwright/kernel';
import type { BootScriptStore } from './boot-script-store.js';
import { claimedIdentity, scriptOf } from './ipxe-script.js';
import { identityOf, scriptPortsOf, type IpxePort, type ScriptPort } from './script-identity.js';

export interface IpxeDriverOptions {
  readonly store: BootScriptStore;
  /** Key of the server in the store: letters, digits, `.`, `_`, `:` and `-`. */
  readonly serverKey: string;
  readonly ports: readonly IpxePort[];
  /** Board serial of the server, repeated in every reading. */
  readonly serial?: string;
}

/** Makes a driver for the identity of one server. Throws `ipxe.invalid-key`. */
export function createIpxeDriver(options: IpxeDriverOptions): IpxeDriver {
  return new IpxeDriver(options);
}

const CAPABILITY: IdentityCapability = {
  via: 'boot-script',
  apply: 'live',
  survives: ['warm-reset', 'cold-reset', 'ac-loss'],
};

/**
 * The machine's UUID cannot be changed by a script: a wanted one is not applied and no reading shows one. A script
 * takes effect at the next boot; what a running server has taken from an earlier one it keeps until it is off.
 */
export class IpxeDriver implements AdapterIdentityPort, DeviceConnection {
  private readonly device: string;

  constructor(private readonly options: IpxeDriverOptions) {
    const { serverKey } = options;
    if (!/^[A-Za-z0-9._:-]{1,128}$/.test(serverKey) || /^\.+$/.test(serverKey)) {
      throw new AppError('ipxe.invalid-key', `"${serverKey}" is not a server key`);
    }
    this.device = `ipxe:${serverKey}`;
  }

  identify(call: DeviceCall): Promise<ReadResult<DeviceIdentity>> {
    const { serial } = this.options;
    return Promise.resolve({
      kind: 'done',
      observed: this.observe({ vendor: 'iPXE', ...(serial ? { serial } : {}) }, call),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  identityCapability(call: DeviceCall): Promise<ReadResult<IdentityCapability>> {
    return Promise.resolve({ kind: 'done', observed: this.observe(CAPABILITY, call) });
  }

  readIdentity(call: DeviceCall): Promise<ReadResult<ServerIdentityReading>> {
    return settleRead(async () => {
      const script = await this.read(call);
      const ports = script === undefined ? [] : this.believe(script);
      if (ports === undefined) {
        return endCall({
          kind: 'unknown',
          why: 'unparseable',
          message: `${this.device} has a script that is not ours`,
        });
      }
      return { kind: 'done' as const, observed: this.observe(this.reading(ports), call) };
    });
  }

  /** No ports = no script. Anything else found under the key is replaced: the key belongs to this server. */
  ensureIdentity(want: ServerIdentity, call: DeviceCall): Promise<DeviceResult<ServerIdentityReading>> {
    return settle(async () => {
      const ports = scriptPortsOf(want, this.options.ports).filter((port) => !isEmpty(port));
      const script = ports.length === 0 ? undefined : scriptOf(ports);
      const before = await this.read(call);
      const changed = before !== script;
      if (changed) await this.write(script, call);
      const after = changed ? await this.read(call) : before;
      if (after !== script)
        return { kind: 'conflict' as const, message: `${this.device} was written by somebody else` };
      return { kind: 'done' as const, observed: this.observe(this.reading(ports), call), changed };
    });
  }

  /** The ports a script programmes, when it is exactly the one this driver makes for them. */
  private believe(script: string): readonly ScriptPort[] | undefined {
    const claimed = claimedIdentity(script);
    if (claimed === undefined) return undefined;
    try {
      const ports = scriptPortsOf(claimed, this.options.ports);
      return scriptOf(ports) === script ? ports : undefined;
    } catch (error) {
      if (error instanceof CallEnding) return undefined;
      throw error;
    }
  }

  private reading(ports: readonly ScriptPort[]): ServerIdentityReading {
    const { serial } = this.options;
    return {
      ...(serial === undefined ? {} : { serial }),
      ports: this.options.ports.map(({ name }): PortIdentityReading => {
        const programmed = ports.find((port) => port.port === name);
        return {
          port: name,
          current: programmed ? identityOf(programmed) : { port: name },
          clean: programmed === undefined,
        };
      }),
    };
  }

  private read(call: DeviceCall): Promise<string | undefined> {
    return this.store('read', false, call, (store, key) => store.read(key));
  }

  private write(script: string | undefined, call: DeviceCall): Promise<void> {
    if (script === undefined) return this.store('remove', true, call, (store, key) => store.remove(key));
    return this.store('write', true, call, (store, key) => store.write(key, script));
  }

  private async store<T>(
    verb: string,
    mutating: boolean,
    call: DeviceCall,
    work: (store: BootScriptStore, key: string) => Promise<T>,
  ): Promise<T> {
    const { store, serverKey } = this.options;
    return gatedSend(call, { device: this.device, verb, target: 'boot script', mutating }, async () => {
      try {
        return await work(store, serverKey);
      } catch (error) {
        return endCall({
          kind: 'unknown',
          why: 'lost-response',
          message: `the script store failed: ${messageOf(error)}`,
        });
      }
    });
  }

  private observe<T>(value: T, call: DeviceCall): Observed<T> {
    return { value, at: call.clock.now(), source: this.device };
  }
}

function isEmpty(port: ScriptPort): boolean {
  return port.mac === undefined && port.initiator === undefined && port.targets.length === 0;
}
