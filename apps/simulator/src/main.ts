/**
 * The simulated data centre as a process: a site file becomes BMCs, switches, fabrics and arrays on sockets of their own.
 * Ends on SIGTERM; started again on the same state folder it goes on where it stopped, without a power cut.
 */
import { createLogger } from '@rackwright/observability';
import { readSimulatorConfig } from './simulator.config.js';
import { startSimulator } from './simulator.js';

const log = createLogger({ service: 'simulator' });

try {
  const running = await startSimulator(readSimulatorConfig(), log);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    log.info({ event: 'stopping', signal }, 'stopping');
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  log.fatal({ err: error }, 'the simulator did not start');
  process.exitCode = 1;
}
