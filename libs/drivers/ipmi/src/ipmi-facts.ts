import type { HardwareFacts } from '@rackwright/driver-core';
import type { Uuid } from '@rackwright/kernel';
import type { ControllerFacts, FruFacts } from './ipmi-text.js';

/** What the protocol never tells, in words for people. */
const GAPS = ['no processors', 'no memory', 'no adapter ports', 'no BootProgress', 'no architecture'] as const;

/** What a BMC tells through IPMI; what it leaves out is left out. */
export function factsOf(read: { fru: FruFacts; controller: ControllerFacts; uuid: Uuid | undefined }): HardwareFacts {
  const { fru, controller, uuid } = read;
  const bmc = {
    ...(controller.model === undefined ? {} : { model: controller.model }),
    ...(controller.firmware === undefined ? {} : { firmware: controller.firmware }),
  };
  return {
    ...fru,
    ...(uuid === undefined ? {} : { uuid }),
    bmc,
    ports: [],
    boot: { sources: ['pxe', 'disk', 'none'], modes: ['legacy', 'uefi'], sanBoot: false, persistent: true },
    resetTypes: ['on', 'off', 'soft', 'cycle', 'reset'],
    gaps: fru.boardSerial === undefined && fru.serial === undefined ? [...GAPS, 'no serial'] : GAPS,
  };
}
