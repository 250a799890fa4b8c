/** OpenIPMI's simulator as a BMC, for specs of the driver and of who uses it. */
export * from './real-ipmi.js';
