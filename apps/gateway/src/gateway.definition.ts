import { messagingMigrations, messagingTransport } from '@rackwright/messaging';
import type { ServiceDefinition } from '@rackwright/service-host';
import { readGatewayConfig, type GatewayConfig } from './gateway.config.js';
import { GATEWAY_SENDS } from './gateway.messages.js';
import { gatewayMigrations } from './gateway.migrations.js';
import { GatewayModule } from './gateway.module.js';
import { configureHttp } from './http/configure-http.js';
import { GATEWAY_VERSION } from './version.js';

/** The gateway, ready to be run by a process or hosted by a test. */
export function gatewayDefinition(config: GatewayConfig = readGatewayConfig()): ServiceDefinition {
  return {
    name: 'gateway',
    version: GATEWAY_VERSION,
    modules: [GatewayModule.for(config)],
    migrations: [...messagingMigrations, ...gatewayMigrations],
    sends: GATEWAY_SENDS,
    transport: messagingTransport({ sends: GATEWAY_SENDS }),
    http: { host: config.host, port: config.port, configure: configureHttp },
  };
}
