// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// One slot of a ring: 24 bytes of a digest, 4 bytes of a mark, 4 bytes of Unix time.
// A request's mark is its block; a settlement's mark is 1 once somebody denied it.
type RingSlot is uint256;

using {markOf, timeOf, digestOf, matches, withMark} for RingSlot global;

uint256 constant DIGEST_MASK = uint256(type(uint192).max) << 64;

// Written at deployment, so that no later write pays for a new slot. Its digest, zero, is nobody's.
RingSlot constant FILLER = RingSlot.wrap(1);

function ringSlot(bytes32 digest, uint256 mark) view returns (RingSlot) {
    return
        RingSlot.wrap(
            (uint256(digest) & DIGEST_MASK) |
                (uint256(uint32(mark)) << 32) |
                uint256(uint32(block.timestamp))
        );
}

function digestOf(RingSlot self) pure returns (bytes24) {
    return bytes24(bytes32(RingSlot.unwrap(self)));
}

function markOf(RingSlot self) pure returns (uint32) {
    return uint32(RingSlot.unwrap(self) >> 32);
}

function timeOf(RingSlot self) pure returns (uint32) {
    return uint32(RingSlot.unwrap(self));
}

function matches(RingSlot self, bytes32 digest) pure returns (bool) {
    return self.digestOf() == bytes24(digest);
}

function withMark(RingSlot self, uint32 mark) pure returns (RingSlot) {
    return
        RingSlot.wrap(
            (RingSlot.unwrap(self) & ~(uint256(type(uint32).max) << 32)) | (uint256(mark) << 32)
        );
}
