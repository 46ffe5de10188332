import { BlockList, isIP } from 'node:net'

/** Addresses that a user's URL must not reach: IANA's special-purpose registries. */
const refusedNetworks = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT, and one cloud's metadata
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, and every cloud's metadata
  ['172.16.0.0', 12],
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16],
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, and broadcast
] as const) {
  refusedNetworks.addSubnet(network, bits, 'ipv4') // also matches IPv4 mapped into IPv6
}
for (const [network, bits] of [
  ['2001::', 23], // protocol assignments, among them Teredo, which carries IPv4
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4, which carries IPv4
  ['3fff::', 20], // documentation
] as const) {
  refusedNetworks.addSubnet(network, bits, 'ipv6')
}

/** All of IPv6 that is routed; loopback, link-local, unique-local, multicast, NAT64 and mapped IPv4 lie outside. */
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

/** Whether an IP address is on the public internet; false for anything that is not an address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refusedNetworks.check(address, 'ipv4')
    case 6:
      return globalUnicast.check(address, 'ipv6') && !refusedNetworks.check(address, 'ipv6')
    default:
      return false
  }
}
