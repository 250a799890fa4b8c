/** Redfish over TLS, one BMC per server; vendors differ by data (`bmc.ts`, `system.ts`, the server models). */
import { SystemRandom } from '@rackwright/kernel';
import type { FaceContext } from '../../face.js';
import { DeviceGroupFace } from '../device-face.js';
import { RedfishFace } from './redfish-face.js';

export * from './redfish-face.js';

/** All BMCs of the world. */
export function redfishFace(context: FaceContext): DeviceGroupFace {
  const { world, faults } = context;
  // Tokens come from real randomness: who logs in when must not change what the seeded world does next.
  const random = new SystemRandom();
  return new DeviceGroupFace(context, {
    name: 'redfish',
    kind: 'bmc',
    devices: Object.keys(world.state.servers),
    hasCredential: true,
    make: (server, options) =>
      new RedfishFace({
        world,
        server,
        random,
        faults,
        credential: { username: options.user ?? 'root', password: options.password ?? 'password' },
        host: options.host ?? '127.0.0.1',
        port: options.port ?? 0,
        tls: options.tls ?? { cert: '', key: '' },
      }),
  });
}
