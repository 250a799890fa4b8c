/**
 * IPMI 2.0 through `ipmitool -I lanplus`: power, boot device, what the FRU tells, and what happens when mains return.
 * The protocol is UDP: a time-out after a change is `unknown`, and a BMC that cannot be reached says nothing about its
 * server. The password goes through the child's environment, never through its arguments.
 */
export * from './ipmi-driver.js';
