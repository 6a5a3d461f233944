"""Shows Django every table. Nobody imports this module; each package keeps its models to itself."""

from smmatic.accounts.models import *  # noqa: F403
from smmatic.api.models import *  # noqa: F403
from smmatic.catalogue.models import *  # noqa: F403
from smmatic.credits.models import *  # noqa: F403
from smmatic.deposits.models import *  # noqa: F403
from smmatic.fulfilment.models import *  # noqa: F403
from smmatic.notices.models import *  # noqa: F403
from smmatic.orders.models import *  # noqa: F403
from smmatic.policy.models import *  # noqa: F403
from smmatic.refunds.models import *  # noqa: F403
from smmatic.support.models import *  # noqa: F403
