/**
 * iSCSI targets of the Linux SCSI target framework (tgt), administered through `tgtadm`. tgt has no host objects and
 * masks by target: a volume is a target of its own, its mask the target's list of admitted initiator names. A host
 * object is therefore an empty marker target whose name carries the host's and whose list holds its initiators; the
 * host reaches a volume when its initiators are on the volume's list too. Unmasking does not end live sessions.
 */
export * from './tgt-driver.js';
