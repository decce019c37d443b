// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPatientAuthority} from "../interfaces/IPatientAuthority.sol";

// Kinds of items of a PatientBatch that are about accounts, 7 to 13, and the functions that take them.
library AuthorityItems {
    uint8 private constant SET_AUTHORITY = 7;
    uint8 private constant SET_GUARDIANS = 8;
    uint8 private constant RECOVER_AUTHORITY = 9;
    uint8 private constant VETO_RECOVERY = 10;
    uint8 private constant FREEZE_AUTHORITY = 11;
    uint8 private constant SET_INBOX_KEY = 12;
    uint8 private constant COMPLETE_AUTHORITY = 13;

    function isOne(uint8 kind) internal pure returns (bool) {
        return kind >= SET_AUTHORITY && kind <= COMPLETE_AUTHORITY;
    }

    function selectorOf(uint8 kind) internal pure returns (bytes4) {
        if (kind == SET_AUTHORITY) return IPatientAuthority.setAuthority.selector;
        if (kind == SET_GUARDIANS) return IPatientAuthority.setGuardians.selector;
        if (kind == RECOVER_AUTHORITY) return IPatientAuthority.recoverAuthority.selector;
        if (kind == VETO_RECOVERY) return IPatientAuthority.vetoRecovery.selector;
        if (kind == FREEZE_AUTHORITY) return IPatientAuthority.freezeAuthority.selector;
        if (kind == SET_INBOX_KEY) return IPatientAuthority.setInboxKey.selector;
        return IPatientAuthority.completeAuthority.selector;
    }
}
