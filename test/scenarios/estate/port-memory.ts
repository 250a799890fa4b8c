import { inventoryOf, type World, type WorldInventory } from '@rackwright/sim';

type Ports = Pick<WorldInventory, 'vlans' | 'sanPorts'>;

/** Remembers how ports were at the beginning and which were ever closed: a closed port of a free server rests closed. */
export class PortMemory {
  private readonly beginning: ReadonlyMap<string, string>;
  private readonly everClosed = new Set<string>();
  private readonly stop: () => void;

  constructor(world: World) {
    this.beginning = stateOf(inventoryOf(world));
    this.stop = world.observe(({ device, kind }) => {
      if (device.kind !== 'switch' && device.kind !== 'fc-switch' && !kind.includes('port')) return;
      for (const [port, state] of stateOf(inventoryOf(world))) if (state === CLOSED) this.everClosed.add(port);
    });
  }

  /** True when a port of a free server rests as it should: closed, or as nobody has touched it yet. */
  rests(ports: Ports, device: string, port: string): boolean {
    const key = `${device}/${port}`;
    const state = stateOf(ports).get(key);
    return state === CLOSED || (!this.everClosed.has(key) && state === this.beginning.get(key));
  }

  forget(): void {
    this.stop();
  }
}

const CLOSED = 'closed';

function stateOf({ vlans, sanPorts }: Ports): ReadonlyMap<string, string> {
  return new Map([
    ...vlans.map(({ switch: device, port, closed, native, tagged }): [string, string] => {
      return [`${device}/${port}`, closed ? CLOSED : JSON.stringify([native, tagged])];
    }),
    ...sanPorts.map(({ switch: device, port, enabled }): [string, string] => [
      `${device}/${port}`,
      enabled ? 'open' : CLOSED,
    ]),
  ]);
}
