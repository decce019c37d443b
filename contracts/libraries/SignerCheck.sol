// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

// The one place where a patient's or a node's signature is believed.
library SignerCheck {
    function isValid(
        address account,
        bytes32 digest,
        bytes calldata signature
    ) internal pure returns (bool) {
        // Refuses high s, wrong v and every length but 65, so that a signature has one form only.
        (address recovered, ECDSA.RecoverError fault, ) = ECDSA.tryRecoverCalldata(
            digest,
            signature
        );
        return account != address(0) && fault == ECDSA.RecoverError.NoError && recovered == account;
    }
}
