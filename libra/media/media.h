// media: pictures and films: video out and in, still images on disk and in pages, contact sheets,
// and the shapes of drawings. It may include core, and is the only folder that knows FFmpeg.
#pragma once

#include "libra/media/chart.h"
#include "libra/media/contact_sheet.h"
#include "libra/media/image_file.h"
#include "libra/media/page.h"
#include "libra/media/svg.h"
#include "libra/media/video.h"
#include "libra/media/video_reader.h"
