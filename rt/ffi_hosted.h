// ffi_hosted.h: what the files that use libffi share.
#ifndef FLAP_RT_FFI_HOSTED_H
#define FLAP_RT_FFI_HOSTED_H

#include "foreign.h"

#include <ffi.h>

// libffi's type of a number or an address.
ffi_type *rti_ffi_type(int32_t kind);

#endif
