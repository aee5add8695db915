(* At a stationary point of E + R, Σ_IN w ∂R/∂w = Σ_OUT w ∂R/∂w at every hidden unit.

   Corrected: At a stationary point of E + R, Σ_IN w ∂R/∂w = Σ_OUT w ∂R/∂w at every hidden unit; in recurrent networks with initial
   state 0, or with learned initial states counted among the incoming weights. The converse is false: balance does not make a point
   stationary. *)

From Coq Require Import Reals Lra Lia.
From Synbal Require Import finite_sums activations networks gradients learning.
Open Scope R_scope.

(* If R and E + R are differentiable, so is E. *)
Lemma gradient_of_difference :
  forall n E F w g r,
    gradient n (fun w => E w + F w) w g -> gradient n F w r -> gradient n E w (fun k => g k - r k).
Proof.
  intros n E F w g r HS HF e He.
  destruct (HS (e / 2) ltac:(lra)) as (a & Ha & HSa). destruct (HF (e / 2) ltac:(lra)) as (b & Hb & HFb).
  exists (Rmin a b). split; [apply Rmin_pos; assumption|]. intros u Hu.
  assert (T1 := HSa u (fun k Hk => Rlt_le_trans _ _ _ (Hu k Hk) (Rmin_l a b))).
  assert (T2 := HFb u (fun k Hk => Rlt_le_trans _ _ _ (Hu k Hk) (Rmin_r a b))).
  rewrite (sum_ext n _ (fun k => g k * (u k - w k) - r k * (u k - w k))) by (intros; ring). rewrite sum_minus.
  set (x := E u + F u - (E w + F w) - sum n (fun k => g k * (u k - w k))) in *.
  set (y := F u - F w - sum n (fun k => r k * (u k - w k))) in *.
  replace (E u - E w - (sum n (fun k => g k * (u k - w k)) - sum n (fun k => r k * (u k - w k)))) with (x + - y)
    by (unfold x, y; ring).
  apply Rle_trans with (1 := Rabs_triang x (- y)). rewrite Rabs_Ropp. lra.
Qed.

Lemma sum_of_opposites :
  forall m chosen (w r : nat -> R), sum_where m chosen (fun k => w k * (0 - r k)) = - sum_where m chosen (fun k => w k * r k).
Proof.
  intros m chosen w r. unfold sum_where. replace (- sum m (fun k => if chosen k then w k * r k else 0))
    with (-1 * sum m (fun k => if chosen k then w k * r k else 0)) by ring.
  rewrite <- sum_scale. apply sum_ext. intros k _. destruct (chosen k); ring.
Qed.

(* Unit i has any degree c (1 for a BiLU) and the initial state 0; R is any function of the weights that is differentiable at w, with the
   partial derivatives r, and all partial derivatives of E + R are 0. *)
Theorem stationary_balance :
  forall n is_source act m from to c i loss x initial (regularizer : (nat -> R) -> R) w r,
    (i < n)%nat -> is_source i = false -> homogeneous c (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    gradient m regularizer w r ->
    gradient m (fun w => objective n is_source act m from to loss x initial w + regularizer w) w (fun _ => 0) ->
    sum_where m (incoming from to i) (fun k => w k * r k) + (1 - c) * sum_where m (own from to i) (fun k => w k * r k) =
    c * sum_where m (outgoing from to i) (fun k => w k * r k).
Proof.
  intros n is_source act m from to c i loss x initial regularizer w r Hi Hsource Hhom Hblind Hinitial HR Hstationary.
  assert (HE := gradient_of_difference _ _ _ _ _ _ Hstationary HR).
  assert (H := objective_euler n is_source act m from to c i loss x initial w _ Hi Hsource Hhom Hblind Hinitial HE).
  cbv beta in H. rewrite !(sum_of_opposites _ _ w r) in H. lra.
Qed.

Theorem stationary_balance_bilu :
  forall n is_source act m from to i loss x initial (regularizer : (nat -> R) -> R) w r,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    (forall s, initial s i = 0) ->
    gradient m regularizer w r ->
    gradient m (fun w => objective n is_source act m from to loss x initial w + regularizer w) w (fun _ => 0) ->
    sum_where m (incoming from to i) (fun k => w k * r k) = sum_where m (outgoing from to i) (fun k => w k * r k).
Proof.
  intros n is_source act m from to i loss x initial regularizer w r Hi Hsource Hbilu Hblind Hinitial HR Hstationary.
  assert (H := stationary_balance n is_source act m from to 1 i loss x initial regularizer w r Hi Hsource
    (bilu_degree_one _ Hbilu) Hblind Hinitial HR Hstationary). lra.
Qed.

(* With learned initial states, the weights from w m on, that of the unit among its incoming weights. *)
Theorem stationary_balance_learned_initial_states :
  forall n is_source act m from to i loss x (regularizer : (nat -> R) -> R) w r,
    (i < n)%nat -> is_source i = false -> is_bilu (act i) -> blind_to n i loss ->
    gradient (m + n) regularizer w r ->
    gradient (m + n) (fun w => objective_learned n is_source act m from to loss x w + regularizer w) w (fun _ => 0) ->
    sum_where m (incoming from to i) (fun k => w k * r k) + w (m + i)%nat * r (m + i)%nat =
    sum_where m (outgoing from to i) (fun k => w k * r k).
Proof.
  intros n is_source act m from to i loss x regularizer w r Hi Hsource Hbilu Hblind HR Hstationary.
  assert (HE := gradient_of_difference _ _ _ _ _ _ Hstationary HR).
  assert (H := objective_learned_euler n is_source act m from to 1 i loss x w _ Hi Hsource (bilu_degree_one _ Hbilu) Hblind HE).
  cbv beta in H. rewrite !(sum_of_opposites _ _ w r) in H. lra.
Qed.

(* Tied BiLUs and shared weights: over the weights into and out of the group. *)
Theorem stationary_balance_tied :
  forall n is_source act m from to share group q source_group target_group a loss x initial
    (regularizer : (nat -> R) -> R) v r,
    (forall k, (k < m)%nat -> group (from k) = source_group (share k)) ->
    (forall k, (k < m)%nat -> group (to k) = target_group (share k)) ->
    (forall i, group i = a -> is_source i = false /\ is_bilu (act i)) -> blind_to_group n group a loss ->
    (forall s i, group i = a -> initial s i = 0) ->
    gradient q regularizer v r ->
    gradient q (fun v => objective_tied n is_source act m from to share loss x initial v + regularizer v) v (fun _ => 0) ->
    sum_where q (incoming source_group target_group a) (fun s => v s * r s) =
    sum_where q (outgoing source_group target_group a) (fun s => v s * r s).
Proof.
  intros n is_source act m from to share group q source_group target_group a loss x initial regularizer v r
    Hfrom Hto Hgroup Hblind Hinitial HR Hstationary.
  assert (HE := gradient_of_difference _ _ _ _ _ _ Hstationary HR).
  assert (H := objective_tied_euler n is_source act m from to share group q source_group target_group Hfrom Hto a loss x initial v _
    Hgroup Hblind Hinitial HE).
  cbv beta in H. rewrite !(sum_of_opposites _ _ v r) in H. lra.
Qed.

(* The converse fails: x -> a -> y with a linear unit a, weights 1 and 1, input 1, target 1, E the squared error and R the sum of squares.
   The unit is balanced, E has the gradient 0 and R the gradient (2, 2). *)
Definition chain_error (w : nat -> R) : R :=
  objective 3 (fun i => Nat.eqb i 0) (fun _ x => x) 2 (fun k => k) S
    (fun y => (y 0%nat 3%nat 2%nat - 1) * (y 0%nat 3%nat 2%nat - 1)) (fun _ _ _ => 1) (fun _ _ => 0) w.

Definition sum_of_squares (w : nat -> R) : R := w 0%nat * w 0%nat + w 1%nat * w 1%nat.

Lemma chain_error_form : forall w, chain_error w = (w 0%nat * w 1%nat - 1) * (w 0%nat * w 1%nat - 1).
Proof. intros w. unfold chain_error, objective. simpl. unfold step. simpl. unfold step. simpl. f_equal; ring. Qed.

Theorem balance_is_not_stationary :
  let w := fun _ : nat => 1 in
  let r := fun _ : nat => 2 in
  gradient 2 sum_of_squares w r /\
  sum_where 2 (incoming (fun k => k) S 1) (fun k => w k * r k) = sum_where 2 (outgoing (fun k => k) S 1) (fun k => w k * r k) /\
  gradient 2 chain_error w (fun _ => 0) /\
  ~ gradient 2 (fun w => chain_error w + sum_of_squares w) w (fun _ => 0).
Proof.
  intros w r.
  assert (HR : gradient 2 sum_of_squares w r).
  { intros e He. exists e. split; [exact He|]. intros u Hu. unfold sum_of_squares, w, r. simpl.
    assert (H0 := Hu 0%nat ltac:(lia)). assert (H1 := Hu 1%nat ltac:(lia)). unfold w in *.
    set (a := u 0%nat - 1) in *. set (b := u 1%nat - 1) in *.
    replace (u 0%nat * u 0%nat + u 1%nat * u 1%nat - (1 * 1 + 1 * 1) - (0 + 2 * a + 2 * b)) with (a * a + b * b)
      by (unfold a, b; ring).
    assert (Ha := Rabs_pos a). assert (Hb := Rabs_pos b).
    rewrite Rabs_right by (assert (A := Rle_0_sqr a); assert (B := Rle_0_sqr b); unfold Rsqr in *; lra).
    assert (Haa : a * a = Rabs a * Rabs a) by (rewrite <- Rabs_mult, Rabs_right; [ring|]; assert (A := Rle_0_sqr a); unfold Rsqr in A; lra).
    assert (Hbb : b * b = Rabs b * Rabs b) by (rewrite <- Rabs_mult, Rabs_right; [ring|]; assert (B := Rle_0_sqr b); unfold Rsqr in B; lra).
    rewrite Haa, Hbb. nra. }
  assert (HE : gradient 2 chain_error w (fun _ => 0)).
  { intros e He. exists (Rmin 1 (e / 9)). assert (Hd : 0 < Rmin 1 (e / 9)) by (apply Rmin_pos; lra).
    split; [exact Hd|]. intros u Hu. rewrite !chain_error_form. unfold w in *. simpl.
    assert (H0 := Hu 0%nat ltac:(lia)). assert (H1 := Hu 1%nat ltac:(lia)).
    set (a := u 0%nat - 1) in *. set (b := u 1%nat - 1) in *.
    assert (Hmin1 := Rmin_l 1 (e / 9)). assert (Hmine := Rmin_r 1 (e / 9)).
    assert (Ha := Rabs_pos a). assert (Hb := Rabs_pos b).
    replace ((u 0%nat * u 1%nat - 1) * (u 0%nat * u 1%nat - 1) - (1 * 1 - 1) * (1 * 1 - 1) - (0 + 0 * a + 0 * b))
      with ((a + b + a * b) * (a + b + a * b)) by (unfold a, b; ring).
    rewrite Rabs_mult.
    assert (Hz : Rabs (a + b + a * b) <= 2 * (Rabs a + Rabs b)).
    { apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_mult.
      assert (T := Rabs_triang a b). nra. }
    assert (Hz0 := Rabs_pos (a + b + a * b)). assert (Hsmall : Rabs a + Rabs b <= 2 * (e / 9)) by lra.
    apply Rle_trans with (2 * (Rabs a + Rabs b) * (2 * (Rabs a + Rabs b))); [apply Rmult_le_compat; lra|]. nra. }
  split; [exact HR|]. split; [unfold sum_where, w, r; simpl; lra|]. split; [exact HE|].
  intros Hstationary.
  (* Along both weights E + R grows at the rate 4. *)
  destruct (Hstationary (1 / 2) ltac:(lra)) as (d & Hd & H).
  set (h := Rmin (d / 2) 1). assert (Hh : 0 < h) by (apply Rmin_pos; lra).
  assert (Hhd := Rmin_l (d / 2) 1). fold h in Hhd.
  specialize (H (fun _ => 1 + h)). unfold w in H. rewrite !chain_error_form in H. unfold sum_of_squares in H. simpl in H.
  assert (Hdiff : 1 + h - 1 = h) by ring. rewrite Hdiff in H. rewrite (Rabs_right h) in H by lra.
  specialize (H (fun _ _ => ltac:(lra))).
  rewrite Rabs_right in H; [|nra]. nra.
Qed.
