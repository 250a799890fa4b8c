import type { PortFacts } from '@rackwright/contracts';
import type { CablingEntity } from './server.entity.js';

export interface CablingObservation {
  readonly port: string;
  readonly device: string;
  readonly devicePort: string;
  readonly source: CablingEntity['source'];
  readonly at: Date;
}

/** One observation by itself is likely right; declared and seen is sure; declared but seen elsewhere is nothing to rely on. */
export const CONFIDENCE = { declared: 0.9, observed: 0.8, confirmed: 1, contradicted: 0 } as const;

/** What the ports' LLDP neighbours say about cabling. Pure. */
export function observationsOf(ports: readonly PortFacts[], at: Date): CablingObservation[] {
  return ports.flatMap((port) => {
    const { systemName, portId } = port.lldp ?? {};
    if (systemName === undefined || portId === undefined) return [];
    return [{ port: port.name, device: systemName, devicePort: portId, source: 'lldp' as const, at }];
  });
}

/**
 * Joins what was declared with what is seen. A declaration is never overwritten by an observation: a contradiction makes
 * the port unusable until a person looks. Pure.
 */
export function mergeObservation(
  known: CablingEntity | undefined,
  seen: CablingObservation,
): { cabling: Omit<CablingEntity, 'serverId'>; contradicted: boolean } {
  const same = known?.device === seen.device && known.devicePort === seen.devicePort;
  if (known?.source !== 'declared')
    return { cabling: { ...seen, confidence: CONFIDENCE.observed }, contradicted: false };
  const confidence = same ? CONFIDENCE.confirmed : CONFIDENCE.contradicted;
  return {
    cabling: {
      port: known.port,
      device: known.device,
      devicePort: known.devicePort,
      source: 'declared',
      confidence,
      at: seen.at,
    },
    contradicted: !same,
  };
}
