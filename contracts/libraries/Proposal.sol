// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// One call of a proposal.
struct Call {
    address target;
    bytes data;
}

// What the members of a consortium sign. Vectors: vectors/typedDataDigests.json.
library Proposal {
    bytes32 private constant CALL = keccak256("Call(address target,bytes data)");
    bytes32 private constant PROPOSAL = keccak256(
        "Proposal(bytes32 networkId,uint256 chainId,Call[] calls,uint256 nonce,uint64 expiry)Call(address target,bytes data)"
    );

    function structHash(
        bytes32 networkId,
        Call[] calldata calls,
        uint256 nonce,
        uint64 expiry
    ) internal view returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            hashes[i] = keccak256(abi.encode(CALL, calls[i].target, keccak256(calls[i].data)));
        }
        return
            keccak256(
                abi.encode(
                    PROPOSAL,
                    networkId,
                    block.chainid,
                    keccak256(abi.encodePacked(hashes)),
                    nonce,
                    expiry
                )
            );
    }
}
