import type { ServiceName } from '@rackwright/contracts';

/** The durable consumer of a service for one event: `inventory--power-power-changed-v1`. */
export function durableNameOf(service: ServiceName, eventSubject: string): string {
  return `${service}--${eventSubject.replace(/^rw\.evt\./, '').replaceAll('.', '-')}`;
}
