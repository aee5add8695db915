(* For a hidden unit and any differentiable loss E, Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w.

   Corrected: Σ_IN w ∂E/∂w = Σ_OUT w ∂E/∂w for BiLU units of acyclic networks, and of recurrent ones if the initial states are 0 or
   h ∂E/∂h is among the incoming terms. For a BiPU of degree c it reads
   Σ_IN w ∂E/∂w + (1-c) Σ_SELF w ∂E/∂w = c Σ_OUT w ∂E/∂w.

   The loss is any function of the values of the other units, in any number of samples at any times, that is differentiable at these
   weights. A network without cycles is the case of initial states 0 and as many steps as there are units (`forward`). *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks gradients learning.
Open Scope R_scope.

(* For any real degree c of unit i, whose initial state is 0. *)
Theorem euler_identity :
  forall n is_source act m from to c i loss x initial w g,
    (i < n)%nat -> is_source i = false -> homogeneous c (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    gradient m (objective n is_source act m from to loss x initial) w g ->
    sum_where m (incoming from to i) (fun k => w k * g k) + (1 - c) * sum_where m (own from to i) (fun k => w k * g k) =
    c * sum_where m (outgoing from to i) (fun k => w k * g k).
Proof. exact objective_euler. Qed.

Theorem euler_identity_bilu :
  forall n is_source act m from to i loss x initial w g,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    gradient m (objective n is_source act m from to loss x initial) w g ->
    sum_where m (incoming from to i) (fun k => w k * g k) = sum_where m (outgoing from to i) (fun k => w k * g k).
Proof.
  intros n is_source act m from to i loss x initial w g Hi Hsource Hbilu Hblind Hinitial Hgradient.
  assert (H := euler_identity n is_source act m from to 1 i loss x initial w g Hi Hsource (bilu_degree_one _ Hbilu)
    Hblind Hinitial Hgradient). lra.
Qed.

(* With learned initial states, the weights from w m on, whose term is among the incoming ones. *)
Theorem euler_identity_learned_initial_states :
  forall n is_source act m from to c i loss x w g,
    (i < n)%nat -> is_source i = false -> homogeneous c (act i) -> blind_to n i loss ->
    gradient (m + n) (objective_learned n is_source act m from to loss x) w g ->
    sum_where m (incoming from to i) (fun k => w k * g k) + c * (w (m + i)%nat * g (m + i)%nat) +
      (1 - c) * sum_where m (own from to i) (fun k => w k * g k) =
    c * sum_where m (outgoing from to i) (fun k => w k * g k).
Proof. exact objective_learned_euler. Qed.

(* Tied BiLUs and shared weights (a layer with one multiplier, a convolution's channel): the sums are over the weights into and out of the
   group, each shared weight counted once. *)
Theorem euler_identity_tied :
  forall n is_source act m from to share group q source_group target_group a loss x initial v g,
    (forall k, (k < m)%nat -> group (from k) = source_group (share k)) ->
    (forall k, (k < m)%nat -> group (to k) = target_group (share k)) ->
    (forall i, group i = a -> is_source i = false /\ is_bilu (act i)) -> blind_to_group n group a loss ->
    (forall s i, group i = a -> initial s i = 0) ->
    gradient q (objective_tied n is_source act m from to share loss x initial) v g ->
    sum_where q (incoming source_group target_group a) (fun s => v s * g s) =
    sum_where q (outgoing source_group target_group a) (fun s => v s * g s).
Proof.
  intros n is_source act m from to share group q source_group target_group a loss x initial v g Hfrom Hto.
  exact (objective_tied_euler n is_source act m from to share group q source_group target_group Hfrom Hto a loss x initial v g).
Qed.

(* The gradients of backpropagation, on an activation region. Unit i has the value y i = slope i * z i with z i the sum that it reads,
   delta i = ∂E/∂(y i) is what comes back from its readers, and the gradient of the weight from j to i is delta i * slope i * y j. For a
   unit that the loss does not read itself both sums are delta i * y i. No differentiability is needed: where a unit is at its kink any
   slope does. *)
Theorem backpropagated_gradients :
  forall (n : nat) (w : nat -> nat -> R) (slope y delta : nat -> R) (i : nat),
    y i = slope i * sum n (fun j => w i j * y j) ->
    delta i = sum n (fun k => delta k * slope k * w k i) ->
    sum n (fun j => w i j * (delta i * slope i * y j)) = delta i * y i /\
    sum n (fun k => w k i * (delta k * slope k * y i)) = delta i * y i.
Proof.
  intros n w slope y delta i Hy Hdelta. split.
  - rewrite Hy, (sum_ext n _ (fun j => (delta i * slope i) * (w i j * y j))) by (intros; ring).
    rewrite sum_scale. ring.
  - rewrite Hdelta, <- sum_scale_r. apply sum_ext. intros. ring.
Qed.
