// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// What a node's new signing key signs before the present one hands over to it. Vectors: vectors/typedDataDigests.json.
library KeyRotation {
    bytes32 private constant ROTATE_SIGNING_KEY = keccak256(
        "RotateSigningKey(bytes32 networkId,uint256 chainId,bytes32 nodeId,address signingKey,uint32 keyEpoch)"
    );

    function structHash(
        bytes32 networkId,
        bytes32 nodeId,
        address signingKey,
        uint32 keyEpoch
    ) internal view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    ROTATE_SIGNING_KEY,
                    networkId,
                    block.chainid,
                    nodeId,
                    signingKey,
                    keyEpoch
                )
            );
    }
}
